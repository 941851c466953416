"""Partition: packets of one network namespace get lost, one way or both."""

from __future__ import annotations

import ipaddress
import json
import secrets
from dataclasses import dataclass
from typing import Literal

from codeblue.errors import UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.network import namespaces
from codeblue.faults.placed import Placed

Direction = Literal["both", "in", "out"]
_LAST_PORT = 65_535


@dataclass(frozen=True)
class Partition(Placed):
    """nftables drops what a named network namespace exchanges with ``address`` about ``port``.

    ``address`` is an IP address or a network (`10.0.0.0/8`), everybody when empty; ``port`` is
    either end's, every one when 0. ``direction`` is seen from the namespace: with ``out`` its
    packets are lost, and it still hears the others. As when a cable is cut, TCP gets no error and
    sends again; only a datagram that gets lost on its way out fails for its sender (EPERM).
    """

    namespace: str
    address: str = ""
    port: int = 0
    direction: Direction = "both"

    type = "partition"

    def prepare(self, ground: Ground) -> Trace:  # noqa: ARG002 - a Fault
        """Look that the namespace is there and is not the host's own."""
        require(self.type)
        table = f"codeblue_{secrets.token_hex(6)}"
        rules(table, self.address, self.port, self.direction)  # its values may be refused
        return {"inode": namespaces.must_be_named(self.type, self.namespace), "table": table}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Add a table of our own, in one transaction."""
        text = rules(trace["table"], self.address, self.port, self.direction)
        namespaces.run_inside(self.namespace, ["nft", "-f", "-"], text)

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Delete the table."""
        if not self.healed(ground, trace):
            command = ["nft", "delete", "table", "inet", trace["table"]]
            namespaces.run_inside(self.namespace, command)

    def healed(self, ground: Ground, trace: Trace) -> bool:  # noqa: ARG002 - a Fault
        """Whether the table is gone, or the namespace with it."""
        if namespaces.inode(self.namespace) != trace["inode"]:
            return True
        tables = json.loads(namespaces.run_inside(self.namespace, ["nft", "-j", "list", "tables"]))
        names = [entry["table"]["name"] for entry in tables["nftables"] if "table" in entry]
        return trace["table"] not in names


def rules(table: str, address: str, port: int, direction: Direction) -> str:
    """The table as `nft -f` reads it.

    Raises:
        UsageError: no such address or port.
    """
    if port > _LAST_PORT:
        raise UsageError(f"fault partition: port is {port}. Give 0 (every port) to {_LAST_PORT}.")
    chains = []
    if direction != "out":
        chains.append(_chain("input", _matches("saddr", address, port)))
    if direction != "in":
        chains.append(_chain("output", _matches("daddr", address, port)))
    return f"table inet {table} {{\n" + "".join(chains) + "}\n"


def _chain(hook: str, matches: list[str]) -> str:
    lines = "".join(f"    {match}drop\n" for match in matches)
    head = f"type filter hook {hook} priority -300; policy accept;"
    return f"  chain {hook} {{\n    {head}\n{lines}  }}\n"


def _matches(end: str, address: str, port: int) -> list[str]:
    peer = f"{_family(address)} {end} {address} " if address else ""
    if not port:
        return [peer]
    transport = f"{peer}meta l4proto {{ tcp, udp }} th"
    return [f"{transport} sport {port} ", f"{transport} dport {port} "]


def _family(address: str) -> str:
    try:
        return "ip" if ipaddress.ip_network(address).version == 4 else "ip6"  # noqa: PLR2004
    except ValueError as error:
        raise UsageError(f"fault partition: address: {error}.") from error
