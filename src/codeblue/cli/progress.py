"""Live progress of a run, drawn from its journal: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from codeblue.cli.screen import clock, live
from codeblue.journal import Event

MARKS = {
    "pass": ("✓", "green"),
    "fail": ("✗", "bold red"),
    "inconclusive": ("?", "yellow"),
    "not exercised": ("-", "dim"),
    "attested": ("a", "blue"),
    "not applicable": ("·", "dim"),
}
_RUNNING = ("●", "cyan")
_WAITING = ("·", "dim")


@dataclass
class _Row:
    title: str
    state: str = "waiting"
    detail: str = ""


@dataclass
class Progress:
    """Collects events and draws them; ``show`` takes one event at a time."""

    profile: str
    console: Console
    live: bool
    began: float = field(default_factory=time.monotonic)
    rows: dict[str, _Row] = field(default_factory=dict)
    status: str = "collecting the checks"

    def show(self, event: Event) -> None:
        """Take one event of the journal into the picture."""
        handler = getattr(self, "_on_" + event["kind"].replace("-", "_"), None)
        if handler is not None:
            handler(event)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw until the block is left; the table then goes, and the summary takes its place."""
        with live(self.console, self._picture) if self.live else nullcontext():
            yield

    def _picture(self) -> RenderableType:
        done = sum(row.state in MARKS for row in self.rows.values())
        head = Text.assemble(
            ("codeblue", "bold"),
            f"  {self.profile}  {done}/{len(self.rows)} checks  {self._clock()}  ",
            (self.status, "dim"),
        )
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for name, row in self.rows.items():
            mark, style = MARKS.get(row.state, _RUNNING if row.detail else _WAITING)
            table.add_row(Text(mark, style), Text(name), Text(row.detail or row.title, "dim"))
        return Group(head, table)

    def _clock(self) -> str:
        return clock(time.monotonic() - self.began)

    def _line(self, text: str, style: str = "") -> None:
        self.status = text
        if not self.live:
            elapsed = f"{self._clock()}  {self.profile:<12} "
            self.console.print(Text(elapsed + text, style), soft_wrap=True)

    def _on_phase(self, event: dict[str, Any]) -> None:
        if event["state"] == "started":
            doing = {"platform": "starting the platform", "patients": "seeding the patients"}
            self._line(doing.get(event["name"], event["name"]))

    def _on_check_planned(self, event: dict[str, Any]) -> None:
        self.rows[event["id"]] = _Row(event["title"])

    def _on_check_started(self, event: dict[str, Any]) -> None:
        self.rows[event["id"]].detail = "started"
        self.status = event["id"]

    def _on_stage(self, event: dict[str, Any]) -> None:
        if event["id"] in self.rows:
            self.rows[event["id"]].detail = event["stage"]

    def _on_check_finished(self, event: dict[str, Any]) -> None:
        row = self.rows.setdefault(event["id"], _Row(event["title"]))
        row.state = event["verdict"]
        row.detail = event["reason"] or event["measured"]
        mark, style = MARKS[row.state]
        self._line(f"{mark} {row.title}: {row.detail} ({event['seconds']:.1f} s)", style)

    def _on_warning(self, event: dict[str, Any]) -> None:
        self._line(f"warning: {event['text']}", "yellow")
