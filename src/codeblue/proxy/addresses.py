"""Addresses as Go writes them: `host:port`, resolved to `ip:port` before a listener binds."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import socket
from dataclasses import dataclass

RESOLVE_SECONDS = 5.0
BACKLOG = 512
MAX_PORT = 65535
LONGEST = 20
_NUMBER = re.compile("[+-]?[0-9]+")
_NO_NAME = re.compile("[0-9.]+|[^0-9A-Za-z]+")

BIND_ERRORS = {
    errno.EADDRINUSE: "address already in use",
    errno.EACCES: "permission denied",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
}


class AddressError(Exception):
    """An address that cannot be read, resolved or bound; the text is the API's error."""


@dataclass(frozen=True)
class Address:
    """A host, by name or number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """Read `host:port` or `[v6]:port`; raises AddressError with Go's wording."""
    host, port = _split(text)
    return Address(host, _port(port))


async def resolve(text: str) -> Address:
    """The numeric address to listen on; at once for numbers, in at most 5 s for names."""
    address = parse(text) if text else Address("", 0)
    if not address.host:
        every = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - as asked for
        return Address(every, address.port)
    try:
        return Address(str(ipaddress.ip_address(address.host)), address.port)
    except ValueError:
        return Address(await _look_up(address.host), address.port)


def _split(text: str) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    if not colon:
        raise AddressError(f"address {text}: missing port in address")
    if not host.startswith("["):
        if ":" in host:
            raise AddressError(f"address {text}: too many colons in address")
        return host, port
    inside, bracket, rest = text[1:].partition("]")
    if not bracket:
        raise AddressError(f"address {text}: missing ']' in address")
    if rest.count(":") != 1 or not rest.startswith(":"):
        what = "too many colons" if rest.startswith(":") else "missing port"
        raise AddressError(f"address {text}: {what} in address")
    return inside, rest[1:]


def _port(port: str) -> int:
    """A port by its number, or by its name as /etc/services has it."""
    if _NUMBER.fullmatch(port):
        number = int(port) if len(port) <= LONGEST else MAX_PORT + 1
        if 0 <= number <= MAX_PORT:
            return number
        raise AddressError(f"address {port}: invalid port")
    if not port:
        return 0
    try:
        return socket.getservbyname(port, "tcp")
    except (OSError, UnicodeError, ValueError) as error:
        raise AddressError(f"lookup tcp/{port}: unknown port") from error


async def _look_up(host: str) -> str:
    if _NO_NAME.fullmatch(host):  # the C library would read 127.1 as an address
        raise AddressError(f"lookup {host}: no such host")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"lookup {host}: no such host") from error
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return str(found[0][4][0])


def listen(address: Address) -> socket.socket:
    """A non-blocking listening socket on a numeric address; raises AddressError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((address.host, address.port))
        sock.listen(BACKLOG)
        sock.settimeout(0)
    except OSError as error:
        sock.close()
        raise AddressError(f"listen tcp {address}: bind: {_reason(error)}") from error
    return sock


def bound(sock: socket.socket) -> Address:
    """The address that a socket is bound to."""
    host, port = sock.getsockname()[:2]
    return Address(host, port)


def _reason(error: OSError) -> str:
    code = error.errno or 0
    return BIND_ERRORS.get(code, os.strerror(code).lower())
