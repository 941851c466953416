"""The fault proxy of a session: embedded, a real Toxiproxy beside it, or one that runs already."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import Any
from urllib.parse import quote

import httpx
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import ProxyExists

from codeblue.errors import TargetError, UsageError, did_you_mean
from codeblue.guardian import Guardian
from codeblue.journal import Journal, RunDirectory
from codeblue.session.child import spawn, wait_until_ready
from codeblue.target import Target, Variables

EMBEDDED, TOXIPROXY = "embedded", "toxiproxy"
CHOICES = (EMBEDDED, TOXIPROXY)
VARIABLE = "CODEBLUE_PROXY"
URL = "TOXIPROXY_URL"
SERVER = "TOXIPROXY_SERVER"

INSTALL = (
    "Install it with `go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0` (Go 1.23 or "
    "newer), and name the binary that this makes, `server`, in TOXIPROXY_SERVER, or link it as "
    "toxiproxy-server into a folder on the PATH."
)
_ADDRESS = re.compile(r"http://([^/:@\s]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")
_TIMEOUT = 15.0


def chosen() -> str:
    """What `--proxy`, or CODEBLUE_PROXY, asks for; empty when neither does.

    Raises:
        UsageError: it is no such choice.
    """
    choice = os.environ.get(VARIABLE, "")
    if choice and choice not in CHOICES:
        raise UsageError(f'{VARIABLE} "{choice}": no such proxy. {did_you_mean(choice, CHOICES)}')
    return choice


def installed_toxiproxy() -> str | None:
    """Path of the real server: what TOXIPROXY_SERVER names, or `toxiproxy-server` on the PATH."""
    return shutil.which(os.environ.get(SERVER) or "toxiproxy-server")


def start(
    guardian: Guardian, run: RunDirectory, seed: int, variables: Variables, choice: str
) -> str:
    """Address of the Toxiproxy API that the faults of this run go through.

    That of TOXIPROXY_URL, where nothing is started; else of a server of our own, real when
    `choice` is "toxiproxy", which ends with the guardian.

    Raises:
        UsageError: there is no real server here, but it was asked for; or its address is none.
        TargetError: the server does not start, or does not answer.
    """
    if given := _given(choice):
        _introduce(run, given, _version(given))
        return given
    # Drawn with the others, so that it is none of those promised to the platform and its edges.
    port = variables.port("fault-proxy")
    url = f"http://127.0.0.1:{port}"
    log = run.logs / "proxy.log"
    process = spawn(_command(choice, port, seed), log)
    guardian.watch(process)
    wait_until_ready(url + "/version", process, log, _TIMEOUT, "the fault proxy")
    if choice == TOXIPROXY:
        _introduce(run, url, _version(url))
    return url


def create_edges(url: str, target: Target, guardian: Guardian) -> None:
    """Put a proxy before every edge of `target`.

    On a server that does not end with the run, the guardian removes them at the end. A proxy that
    is there already, with the same addresses, belongs to somebody else and stays.

    Raises:
        TargetError: an address that an edge should listen on is taken.
    """
    toxiproxy = Toxiproxy()
    host, _, port = url.removeprefix("http://").rpartition(":")
    toxiproxy.update_api_consumer(host, int(port))
    for edge in target.edges.values():
        wanted = {"name": edge.name, "upstream": edge.upstream, "listen": edge.listen}
        try:
            created = _create(toxiproxy, wanted)
        except KeyError:
            # The client does not look at 5xx; the answer has no "name" when the port is taken.
            raise TargetError(
                f"codeblue.toml [edges.{edge.name}] listen: {edge.listen} is already in use. "
                "Choose another port, or end the process that holds it."
            ) from None
        if created and url == _given(chosen()):
            guardian.delete(f"{url}/proxies/{quote(edge.name, safe='')}")


def _given(choice: str) -> str:
    """The server that runs already, if the run is to use one; UsageError for what is no address."""
    url = "" if choice == EMBEDDED else os.environ.get(URL, "").rstrip("/")
    if url and not _ADDRESS.fullmatch(url):
        raise UsageError(f'{URL} "{url}": is no address. Write it as http://127.0.0.1:8474.')
    return url


def _create(toxiproxy: Toxiproxy, wanted: dict[str, Any]) -> bool:
    try:
        toxiproxy.create(**wanted)
    except ProxyExists:
        there = toxiproxy.get_proxy(wanted["name"])
        if (there.listen, there.upstream) == (wanted["listen"], wanted["upstream"]):
            return False
        toxiproxy.destroy(there)
        toxiproxy.create(**wanted)
    return True


def _command(choice: str, port: int, seed: int) -> list[str]:
    if choice != TOXIPROXY:
        return [sys.executable, "-m", "codeblue.proxy", "--port", str(port), "--seed", str(seed)]
    server = installed_toxiproxy()
    if server is None:
        missing = os.environ.get(SERVER)
        where = f"{SERVER} {missing}" if missing else "toxiproxy-server"
        raise UsageError(
            f"--proxy toxiproxy: {where} is not on the PATH. {INSTALL} "
            "Or leave --proxy out: the embedded proxy needs nothing."
        )
    return [server, "-host", "127.0.0.1", "-port", str(port)]


def _version(url: str) -> str:
    try:
        answer = httpx.get(f"{url}/version", timeout=5.0).raise_for_status()
        return str(answer.json()["version"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise TargetError(
            f"{URL} {url}: no Toxiproxy answers there ({error}). "
            "Start it, or unset the variable to use the embedded one."
        ) from error


def _introduce(run: RunDirectory, url: str, version: str) -> None:
    leases = httpx.get(f"{url}/leases", timeout=5.0).is_success
    limits = "" if leases else " It knows no leases, and only Toxiproxy's own eight toxics."
    Journal(run).event("note", text=f"Faults go through the Toxiproxy {version} at {url}.{limits}")
