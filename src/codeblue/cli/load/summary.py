"""The end of a load on one screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeblue.cli.load.findings import Findings, missed_sentence
from codeblue.cli.load.running import Found
from codeblue.cli.load.searching import Searched
from codeblue.cli.one_check import Ended
from codeblue.cli.progress import MARKS
from codeblue.cli.summary import STYLES
from codeblue.load import JourneyResult
from codeblue.verdict import Verdict

_COLUMNS = ("issued", "ok", "failed", "dropped", "waiting", "p50 ms", "p99 ms", "queue p99")


def print_load(console: Console, ended: Ended, found: Found | None) -> None:
    """The verdict, every stream, what was promised and kept, and where the report is."""
    report = ended.report
    [check] = report.checks
    console.print()
    console.print(
        Text.assemble(
            (report.verdict.upper(), STYLES[report.verdict]),
            f"  {check.id} on {report.profile} in {report.seconds:.0f} s",
        )
    )
    if isinstance(found, Findings):
        console.print(_streams(found))
        _lines(console, _of_load(found))
    elif isinstance(found, Searched):
        _lines(console, _of_search(found))
    doubt = found.doubt if found is not None else check.measured or ended.reason
    if doubt:
        _lines(console, [(Verdict.INCONCLUSIVE, doubt)])
    console.print(Text(f"report  {report.report}"), soft_wrap=True)


def _streams(found: Findings) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("")
    table.add_column("stream", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for name, journey in found.result.journeys.items():
        missed = any(promise.journey == name for promise in found.missed)
        verdict = _verdict(broke=missed, doubt=found.doubt)
        table.add_row(_mark(verdict), name, *_cells(journey))
    return table


def _cells(journey: JourneyResult) -> list[str]:
    counts = (journey.issued, journey.ok, journey.failed, journey.dropped, journey.in_flight)
    times = (journey.p50, journey.p99, journey.queue_p99)
    return [f"{count:,}" for count in counts] + [
        "-" if time is None else f"{time:,.0f}" for time in times
    ]


def _of_load(found: Findings) -> list[tuple[Verdict, str]]:
    missed = _verdict(broke=True, doubt=found.doubt)
    lines = [(missed, missed_sentence(promise)) for promise in found.missed]
    if not found.missed:
        lines = [(Verdict.PASS, f"all {len(found.promises)} objectives met")]
    if found.recovery is not None:
        late = not found.recovery.kept
        lines.append((_verdict(broke=late, doubt=found.doubt), found.recovery.sentence))
    lines.append((_verdict(broke=found.kept.broke), found.kept.sentence))
    lateness = f"{found.result.lateness_p99_ms:.1f} ms late (p99)"
    cpu = f"{found.result.cpu_us_per_request:,.0f} us of CPU per request"
    honest = Verdict.PASS if found.result.generator_honest else Verdict.INCONCLUSIVE
    return [*lines, (honest, f"the generator was {lateness}, {cpu}")]


def _of_search(found: Searched) -> list[tuple[Verdict, str]]:
    lines = [
        (_verdict(broke=each.held is None, doubt=found.doubt), f"{name}: {each.sentence}")
        for name, each in found.breakpoints.items()
    ]
    return [*lines, (_verdict(broke=found.kept.broke), found.kept.sentence)]


def _lines(console: Console, lines: list[tuple[Verdict, str]]) -> None:
    table = Table.grid(padding=(0, 1, 0, 0))
    for verdict, text in lines:
        table.add_row(_mark(verdict), Text(text))
    console.print(table)


def _mark(verdict: Verdict) -> Text:
    mark, style = MARKS[verdict]
    return Text(mark, style)


def _verdict(*, broke: bool, doubt: str = "") -> Verdict:
    """What was measured under a ``doubt`` breaks nothing."""
    if not broke:
        return Verdict.PASS
    return Verdict.INCONCLUSIVE if doubt else Verdict.FAIL
