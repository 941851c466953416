"""``codeblue data score``: what a platform kept, against the truth about what it was sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console
from rich.table import Table

from codeblue.errors import UsageError

if TYPE_CHECKING:
    from codeblue.patients.score import Pairs, Score

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.option(
    "--truth", required=True, type=_FOLDER, help="A folder that `codeblue data generate` wrote."
)
@click.option(
    "--kept",
    required=True,
    multiple=True,
    type=_FOLDER,
    help="An export: FHIR *.ndjson or *.parquet, a file or a folder of them. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def score(*, truth: Path, kept: tuple[Path, ...], as_json: bool) -> None:
    """Compare what a platform KEPT with the TRUTH about what it was sent.

    Dirt is caught when the platform refused the record (or left the field out), or corrected it.
    False alarms are clean records that were refused or altered in such a place. Recall is the share
    of the dirt that was caught, precision the share of dirt in all that was caught or a false
    alarm. Pairs of records of the same person count as merged when the export has one Patient for
    both, or links them (Patient.link).

    Records are found by id; where the platform gave them new ones, Patients by their identifier and
    others by what they say. Types that the export does not have are not scored.

    Exits 0 when the score was made, however bad it is, and 2 when the files are not what they
    should be.
    """
    for path in (truth, *kept):
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder. Check the path.")
    from codeblue.patients.score import score as make_score

    made = make_score(truth, kept)
    if as_json:
        click.echo(orjson.dumps(made.as_dict()).decode())
    else:
        _print(made)


def _print(made: Score) -> None:
    console = Console(highlight=False)
    for table in (_records(made), _kinds(made), _people(made)):
        console.print(table)
        console.print()


def _records(made: Score) -> Table:
    table = _table("records", "sent", "kept")
    for name, counts in made.records.items():
        table.add_row(name, *_counts(*counts))
    return table


def _kinds(made: Score) -> Table:
    table = _table(
        "kind of dirt", "sent", "refused", "corrected", "kept", "false", "recall", "precision"
    )
    for name, tally in made.kinds.items():
        counts = (tally.sent, tally.refused, tally.corrected, tally.kept, tally.false_alarms)
        table.add_row(name, *_counts(*counts), *_shares(tally.recall, tally.precision))
    return table


def _people(made: Score) -> Table:
    table = _table("one person twice", "pairs", "merged", "rightly", "recall", "precision")
    rows: tuple[tuple[str, Pairs], ...] = (
        ("at the same institution", made.within),
        ("at two institutions", made.across),
    )
    for name, pairs in rows:
        counts = (pairs.true, pairs.merged, pairs.rightly)
        table.add_row(name, *_counts(*counts), *_shares(pairs.recall, pairs.precision))
    return table


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _counts(*counts: int) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in counts)


def _shares(*shares: float | None) -> tuple[str, ...]:
    return tuple("-" if share is None else f"{share:.1%}" for share in shares)
