"""``codeblue up``: start the platform and keep it for exploring."""

from __future__ import annotations

import signal
import threading
from functools import partial
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.table import Table

from codeblue.cli.heal import everything_healed, print_outcomes
from codeblue.cli.keys import pressed
from codeblue.cli.proxy import proxy_option
from codeblue.errors import UsageError
from codeblue.journal import Journal, RunDirectory
from codeblue.session import Session
from codeblue.session_file import UP, SessionFile, is_live
from codeblue.workspace import workspace_root


@click.command()
@click.option("--profile", default="production", show_default=True, help="Profile to start.")
@proxy_option
@click.option("--seed", default=1, show_default=True, help="Seed of the synthetic patients.")
def up(profile: str, seed: int) -> None:
    """Start the platform with its patients, and keep it until Ctrl-C.

    While it is up, `chaos run experiments/...yaml` and `locust -f scenarios/journeys/...py` work
    as they are. On a terminal the key h heals everything that they have broken.
    """
    from codeblue.ground import prepared

    workspace = workspace_root()
    if (workspace / UP).is_file() and is_live(SessionFile.read(workspace / UP)):
        raise UsageError(f"{workspace / UP}: a platform is already up here. End it with Ctrl-C.")
    run = RunDirectory.create(workspace, f"up-{profile}")
    Journal(run).event("run-started", run=run.id, profile=profile, suite="up", seed=seed)
    console = Console(highlight=False)
    stopped = _stop_on_signals()
    console.print(f"Starting {profile} ...")
    with (
        prepared(workspace, run, profile, seed) as session,
        # Only now, with the patients in place, may others attach.
        SessionFile.read(run.path / "session.json").published(workspace / UP),
    ):
        _introduce(console, session)
        with pressed({"h": partial(_heal, workspace)}) as heeded:
            heal = "h heals everything that anybody has broken; " if heeded else ""
            console.print(f"{heal}Ctrl-C ends it.")
            stopped.wait()
    console.print("Ended; nothing is left running.")


def _stop_on_signals() -> threading.Event:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return stopped


def _introduce(console: Console, session: Session) -> None:
    table = Table(box=None, padding=(0, 2), pad_edge=False, show_header=False)
    table.add_row("platform", session.base_url)
    table.add_row("fault proxy", session.proxy_url)
    for edge in session.target.edges.values():
        table.add_row(f"edge {edge.name}", f"{edge.listen} -> {edge.upstream}")
    for name, tenant in session.target.tenants.items():
        for role in tenant.roles:
            table.add_row(f"token {name} {role}", session.token(name, role))
    console.print(table)
    console.print("Try: chaos run experiments/hub-insurer/hang.yaml")


def _heal(workspace: Path) -> None:
    print_outcomes(everything_healed(workspace))
