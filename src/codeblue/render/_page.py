"""Record, requests and words -> the page and its Markdown sister."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from codeblue.render import _formats as formats
from codeblue.render import _sections as sections
from codeblue.render._cautions import cautions
from codeblue.render._charts import charts, envelope_chart
from codeblue.render._checks import CheckRecord
from codeblue.render._fields import mapping, text, words
from codeblue.render._ledgers import total
from codeblue.render._loads import load_rows
from codeblue.render._record import Fault, RunRecord
from codeblue.render._recorded import Recorded
from codeblue.render._report import Report
from codeblue.render._templates import fill_html, fill_markdown
from codeblue.render._wording import Wording
from codeblue.verdict import Verdict
from codeblue.workspace import find

HTML_LIMIT = 2_000_000
MARKDOWN_LIMIT = 1_000_000
Context = dict[str, Any]


@dataclass(frozen=True)
class Detail:
    """How much of a run a page shows: characters of evidence, checks, loads, timeline rows."""

    evidence: int
    checks: int
    loads: int
    moments: int


# From generous to bare: the first that fits into the limit is taken.
_DETAIL = (
    Detail(evidence=6_000, checks=400, loads=100, moments=600),
    Detail(evidence=600, checks=400, loads=40, moments=200),
    Detail(evidence=0, checks=200, loads=10, moments=50),
)


def page_context(
    record: RunRecord, report: Report, recorded: Recorded | None, wording: Wording
) -> Context:
    """Everything that the templates of a run name."""
    checks = report.checks
    loads = load_rows(record.loads, recorded or {})
    return {
        "record": record,
        "report": report,
        "headline": sections.headline(record, wording),
        "tone": {"held": "pass", "broke": "fail"}.get(record.verdict, "doubt"),
        "tally": Counter(check.verdict for check in checks),
        "cautions": cautions(record, recorded, wording),
        "risks": sections.risk_rows(
            checks, wording, complete=record.finished and not record.reason
        ),
        "said": partial(_said, record, wording),
        "outcome": lambda check: sections.outcome(check.result, check.reason),
        "gaps": sections.open_gaps(record, wording),
        "budgets": sections.budgets(record.objectives),
        "loads": loads,
        "charts": charts(
            record, recorded, [row for each in loads for row in each.streams], wording
        ),
        "envelopes": record.envelopes,
        "envelope_chart": envelope_chart(record.envelopes, wording),
        "requests": sum(row.requests for each in loads for row in each.streams),
        "ledger": total(record.ledgers),
        "switches": sections.switch_rows(checks, wording),
        "edges": sections.broken_edges(record),
        "unexercised": [c for c in record.checks if c.result.verdict is Verdict.NOT_EXERCISED],
        "limits": sections.limits(record, wording),
        "provenance": _provenance(record, report),
        "faults_during": partial(_faults_during, record),
        "words": wording.sentences["verdict"],
        "retest": _retest(record),
    }


def _said(record: RunRecord, wording: Wording, row: sections.RiskRow) -> list[str]:
    """A line for every check of a risk that was exercised."""
    checks = (check for check in record.checks if check.result in row.checks)
    return [sections.outcome_line(check.result, check.reason, wording) for check in checks]


def _faults_during(record: RunRecord, check: CheckRecord) -> list[Fault]:
    """The faults that were injected while the check ran."""
    if check.start is None:
        return []
    end = record.end if check.end is None else check.end
    return [fault for fault in record.faults if check.start <= fault.start <= end]


def _retest(record: RunRecord) -> str:
    """The command that runs all of it again; empty when that is not known."""
    said = " ".join(words(record.header, "command"))
    return said or (f"codeblue assess --profile {record.profile}" if record.profile else "")


def _provenance(record: RunRecord, report: Report) -> list[tuple[str, str]]:
    header = record.header
    versions = mapping(header, "versions")
    rows = [
        ("Run", report.run),
        ("Started", formats.moment(record.start) if record.start else ""),
        ("Platform", text(header, "target")),
        ("Profile", report.profile or ""),
        ("Suite", text(header, "suite")),
        ("Seed", text(header, "seed")),
        ("Configuration (SHA-256)", text(header, "config_sha256")),
        ("Command", " ".join(words(header, "command"))),
        *((f"Version of {name}", text(versions, name)) for name in versions),
    ]
    return [(name, value) for name, value in rows if value]


def html_page(context: Context) -> str:
    """The page, at most ``HTML_LIMIT`` bytes: where a run is too large, evidence is cut first."""
    shown = {**context, "style": style()}
    cuts = (_cut(context, detail) for detail in _DETAIL)
    return next(_fitting(fill_html("report.html.j2", {**shown, **cut}) for cut in cuts))


def _fitting(pages: Iterator[str]) -> Iterator[str]:
    page = ""
    for page in pages:
        if len(page.encode()) <= HTML_LIMIT:
            yield page
    yield page


def _cut(context: Context, detail: Detail) -> Context:
    """The parts of the engineer's view that grow with the run; failed checks are kept first."""
    record: RunRecord = context["record"]
    order = sorted(record.checks, key=lambda check: check.result.verdict is not Verdict.FAIL)
    kept = {id(check) for check in order[: detail.checks]}
    moments = record.moments[: detail.moments]
    return {
        "checks": [check for check in record.checks if id(check) in kept],
        "hidden_checks": len(record.checks) - len(kept),
        "loads": context["loads"][: detail.loads],
        "hidden_loads": max(0, len(context["loads"]) - detail.loads),
        "moments": moments,
        "hidden_moments": len(record.moments) - len(moments),
        "evidence": lambda value: formats.evidence(value, detail.evidence),
    }


def markdown_page(context: Context) -> str:
    """The Markdown, at most ``MARKDOWN_LIMIT`` bytes: what does not fit is left out at the end."""
    page = fill_markdown("report.md.j2", context)
    if len(page.encode()) <= MARKDOWN_LIMIT:
        return page
    whole = page.encode()[: MARKDOWN_LIMIT - 200].decode(errors="ignore")
    return f"{whole[: whole.rfind(chr(10))]}\n\nThe rest is in report.html.\n"


def style() -> Markup:
    """The style sheet, as it goes into a page."""
    return Markup(find("reports/style.css").read_text("utf-8"))  # noqa: S704 - our own file
