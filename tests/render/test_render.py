from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from codeblue.errors import JournalError
from codeblue.render import Report, render
from codeblue.verdict import ExitCode, Verdict

FILES = ("report.html", "report.md", "report.json", "junit.xml")
START = 1_790_000_000.0
Journal = Callable[[list[dict[str, Any]]], Path]


def content(run: Path, name: str) -> str:
    return (run / name).read_text("utf-8")


class _Strict(HTMLParser):
    """Fails on an element that is closed out of order; collects ids, tags and attributes."""

    void = frozenset({"meta", "link", "br", "path", "use", "rect", "image"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.handle_endtag(tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.void or self.open.pop() == tag


def parsed(run: Path, name: str = "report.html") -> _Strict:
    page = _Strict()
    page.feed(content(run, name))
    assert page.open == []
    return page


def test_a_broken_pilot_names_every_gap(pilot: Path, snapshot: SnapshotAssertion) -> None:
    report = render(pilot)
    assert (report.verdict, report.exit) == ("broke", ExitCode.BROKE)
    page = content(pilot, "report.html")
    for sentence in ("a slot is given to two patients", "the order is placed twice"):
        assert sentence in page
    assert page.count('class="harm"') == 6
    assert content(pilot, "report.md") == snapshot


def test_a_production_run_holds(production: Path, snapshot: SnapshotAssertion) -> None:
    report = render(production)
    assert (report.verdict, report.exit) == ("held", ExitCode.HELD)
    assert 'class="harm"' not in content(production, "report.html")
    assert content(production, "report.md") == snapshot


def test_json_holds_exactly_what_other_programs_read(
    pilot: Path, snapshot: SnapshotAssertion
) -> None:
    report = render(pilot)
    written = json.loads(content(pilot, "report.json"))
    assert written == report.as_dict()
    assert written.pop("report") == str(pilot / "report.html")
    assert written == snapshot


def test_a_killed_run_still_makes_a_full_report(wreck: Path, snapshot: SnapshotAssertion) -> None:
    report = render(wreck)
    assert (report.verdict, report.exit) == ("inconclusive", ExitCode.INCONCLUSIVE)
    assert [check.verdict for check in report.checks] == [
        Verdict.PASS,
        Verdict.INCONCLUSIVE,
        *[Verdict.NOT_EXERCISED] * 4,
    ]
    page = content(wreck, "report.html")
    assert "The run ended while this check was running" in page
    assert "there is no record that it was healed" in page
    assert page.index("Read this first") < page.index("From pilot to production")
    assert content(wreck, "report.md") == snapshot


def test_an_empty_run_is_no_verdict(empty: Path) -> None:
    report = render(empty)
    assert (report.verdict, report.exit, report.checks) == ("inconclusive", 3, ())
    assert all((empty / name).stat().st_size for name in FILES)


def test_a_failed_check_decides_even_an_unfinished_run(journal_of: Journal) -> None:
    failed = {"at": START, "kind": "check-finished", "id": "a", "verdict": "fail"}
    assert render(journal_of([failed])).exit is ExitCode.BROKE


def test_a_run_never_reads_better_than_its_checks(journal_of: Journal) -> None:
    planned = {"at": START, "kind": "check-planned", "id": "a"}
    failed = {"at": START + 1, "kind": "check-finished", "id": "b", "verdict": "fail"}
    held = {"at": START + 2, "kind": "run-finished", "verdict": "held", "exit": 0, "seconds": 2}
    report = render(journal_of([planned, failed, held]))
    assert report.verdict == "broke"
    assert render(journal_of([planned, held])).exit is ExitCode.NOTHING_RAN


@pytest.mark.parametrize(("exit_code", "word"), [(4, "could not be healed"), (5, "Nothing was")])
def test_the_headline_says_what_kind_of_no_verdict(
    journal_of: Journal, exit_code: int, word: str
) -> None:
    closing = {"at": START, "kind": "run-finished", "exit": exit_code, "seconds": 1}
    run = journal_of([closing])
    assert render(run).exit == exit_code
    assert word in content(run, "report.md")


@pytest.mark.parametrize("name", ["pilot", "production", "wreck", "empty"])
def test_every_page_is_whole_offline_and_accessible(
    name: str, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(name)
    render(run)
    page = parsed(run)
    assert len(page.ids) == len(set(page.ids))
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags
    assert tags.count("main") == tags.count("h1") == 1
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    outside = re.findall(
        r'(?:src|href)="(?!#|data:)[^"]*|url\((?!#|data:)', content(run, "report.html")
    )
    assert outside == []
    labels = {
        word
        for _, attributes in page.tags
        for word in (attributes.get("aria-labelledby") or "").split()
    }
    assert labels <= set(page.ids)


def test_charts_have_titles_descriptions_and_tables(pilot: Path) -> None:
    render(pilot)
    page = content(pilot, "report.html")
    assert page.count("<svg") == 2
    assert page.count("<desc id=") == 2
    assert page.count("<caption>") >= 2
    assert "Shaded bands mark 2 fault windows" in page
    assert "DejaVu" not in page
    assert "#010203" not in page


def test_the_same_journal_gives_the_same_bytes(pilot: Path) -> None:
    render(pilot)
    first = [(pilot / name).read_bytes() for name in FILES]
    render(pilot)
    assert first == [(pilot / name).read_bytes() for name in FILES]


def test_everything_is_escaped_and_secrets_stay_out(journal_of: Journal) -> None:
    nasty = "<script>alert(1)</script> | `x` \x00 Bearer abc.def"
    finished = {
        "at": START, "kind": "check-finished", "id": nasty, "title": nasty, "risk": nasty,
        "examines": [nasty], "verdict": "fail", "measured": nasty, "reason": nasty,
        "evidence": {nasty: nasty, "Authorization": "Bearer xyz", "response_body": "Ann Smith"},
    }  # fmt: skip
    run = journal_of([finished, {"at": START, "kind": "warning", "text": nasty}])
    render(run)
    for name in FILES:
        text = content(run, name)
        assert "abc.def" not in text
        assert "xyz" not in text
        assert "Ann Smith" not in text
        outside_code = re.sub(r"`[^`]*`", "", text)
        assert name == "report.json" or "<script" not in outside_code
    parsed(run)
    ET.fromstring(content(run, "junit.xml"))


def test_a_huge_run_stays_within_its_limits(journal_of: Journal) -> None:
    evidence = {"examples": ["x" * 100] * 100}
    checks = [
        {"at": START, "kind": "check-finished", "id": f"c{i}", "title": "t" * 300,
         "verdict": "fail" if i == 1500 else "pass", "measured": "m" * 500, "evidence": evidence}
        for i in range(1600)
    ]  # fmt: skip
    run = journal_of(checks)
    report = render(run)
    assert len(report.checks) == 1600
    assert (run / "report.html").stat().st_size <= 2_000_000
    assert (run / "report.md").stat().st_size <= 1_000_000
    assert "<small>c1500</small>" in content(run, "report.html")


def test_lost_request_files_are_said(pilot: Path) -> None:
    for path in (pilot / "requests").iterdir():
        path.unlink()
    render(pilot)
    assert "no record of them is there" in content(pilot, "report.html")


def test_a_generator_that_blames_itself_comes_first(journal_of: Journal) -> None:
    facts = {"generator_honest": False, "reason": "dispatch lateness p99 was 310 ms"}
    finished = {"at": START, "kind": "load-finished", "load": "ward", "dropped": 3, **facts}
    run = journal_of([finished])
    render(run)
    page = content(run, "report.html")
    assert "dispatch lateness p99 was 310 ms. Slow answers" in page
    assert "dropped 3 arrivals" in page


def test_checks_of_one_decision_are_one_gap(journal_of: Journal) -> None:
    checks = [
        {"at": START, "kind": "check-finished", "id": name, "verdict": "fail", "examines": keys}
        for name, keys in (("a", ["bulkheads"]), ("b", ["bulkheads"]), ("c", []))
    ]
    run = journal_of(checks)
    render(run)
    page = content(run, "report.html")
    assert page.count('class="harm"') == 1
    assert "<dt>gaps open</dt><dd>2</dd>" in page


def test_an_unreadable_request_file_is_said(pilot: Path) -> None:
    for names in (pilot / "requests").glob("*.names.json"):
        names.write_text("{")
    assert render(pilot).verdict == "broke"
    assert "no record of them is there" in content(pilot, "report.html")


def test_an_unwritable_folder_is_one_sentence(pilot: Path) -> None:
    (pilot / "report.html").mkdir()
    with pytest.raises(JournalError, match=r"report\.html: cannot be written"):
        render(pilot)


def test_the_report_is_what_render_returns(pilot: Path) -> None:
    report = render(pilot)
    assert isinstance(report, Report)
    assert report.report == pilot / "report.html"
    assert (report.run, report.profile, report.seconds) == ("20260921-pilot-3f9a", "pilot", 74.0)


def test_importing_render_does_not_import_the_plotting_libraries() -> None:
    code = "import sys, codeblue.render; print({'matplotlib', 'pandas'} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


_KINDS = (
    "run-started", "check-planned", "check-started", "stage", "check-finished", "fault-injected",
    "fault-healed", "load-started", "load-finished", "objective", "ledger", "phase", "note",
    "warning", "run-finished", "seeded", "something-new", "history", "search", "recovery",
)  # fmt: skip
_FIELDS = (
    "run", "profile", "target", "versions", "id", "title", "risk", "examines", "stage", "verdict",
    "measured", "threshold", "seconds", "evidence", "fault", "edge", "type", "attributes",
    "verified", "load", "journeys", "issued", "dropped", "lateness_p99_ms", "journey", "objective",
    "unit", "met", "acknowledged", "lost", "text", "exit", "tenant", "patients", "command",
    "workers", "in_flight", "generator_honest", "examples", "trials", "condition", "held", "kept",
)  # fmt: skip
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["a", "fail", "pass", "availability", "load", "{target}", "$x$"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
_EVENTS = st.builds(
    lambda kind, at, fields: {**fields, "kind": kind, "at": at},
    st.sampled_from(_KINDS) | _VALUES,
    st.floats(START, START + 90) | _SCALARS,
    st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=8),
)


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(_EVENTS, max_size=12))
def test_no_journal_stops_the_report(journal_of: Journal, events: list[dict[str, Any]]) -> None:
    run = journal_of(events)
    report = render(run)
    assert json.loads(content(run, "report.json")) == report.as_dict()
    ET.fromstring(content(run, "junit.xml"))
    parsed(run)
    if report.exit is ExitCode.HELD and report.checks:
        assert {check.verdict for check in report.checks} >= {Verdict.PASS}
        assert Verdict.FAIL not in {check.verdict for check in report.checks}
