from __future__ import annotations

from pathlib import Path

from syrupy.assertion import SnapshotAssertion

from codeblue.render import gap, render, write_gap
from codeblue.verdict import Verdict

RISKS = ("Data Quality", "Load", "Integrations", "Failures", "Compliance")


def test_five_rows_set_the_two_runs_side_by_side(pilot: Path, production: Path) -> None:
    table = gap(production, pilot)
    assert tuple(row.risk for row in table.rows) == RISKS
    assert table.headline == "The pilot failed 6 of 6 checks. Production failed 0 of 6."
    for row in table.rows:
        assert row.pilot.verdict is Verdict.FAIL
        assert row.production.verdict is Verdict.PASS
        assert len(row.cells()) == len(table.columns) == 6


def test_a_report_and_its_run_directory_compare_alike(pilot: Path, production: Path) -> None:
    assert gap(render(production), render(pilot)) == gap(production, pilot)


def test_what_one_run_did_not_examine_is_not_a_pass(empty: Path, production: Path) -> None:
    table = gap(production, empty)
    assert {row.pilot.verdict for row in table.rows} == {Verdict.NOT_EXERCISED}
    assert all(pair.pilot is None for pair in table.pairs)


def test_the_table_is_written_as_page_and_markdown(
    pilot: Path, production: Path, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    page, summary = write_gap(gap(production, pilot), tmp_path)
    assert page.name == "gap.html"
    assert page.read_text().count('<th scope="row">') == 5 + 6
    assert summary.read_text() == snapshot
