"""The way through: the journal of a run in, four files out."""

from __future__ import annotations

import json
from pathlib import Path

from codeblue.errors import JournalError
from codeblue.journal import read_events
from codeblue.render._junit import junit_xml
from codeblue.render._page import html_page, markdown_page, page_context
from codeblue.render._record import run_record
from codeblue.render._recorded import recorded_loads
from codeblue.render._report import Report
from codeblue.render._wording import read_wording


def render(run_path: Path) -> Report:
    """Write the report of the run in ``run_path`` beside its journal, complete or not.

    Raises:
        JournalError: the folder cannot be written.
        UsageError: an own template, style or table of words is broken.
    """
    record = run_record(read_events(run_path))
    recorded = recorded_loads(run_path, record.start, record.end)
    report = record.report(run_path)
    context = page_context(record, report, recorded, read_wording())
    files = {
        "report.html": html_page(context).encode(),
        "report.md": markdown_page(context).encode(),
        "junit.xml": junit_xml(record, report.run),
        "report.json": json.dumps(report.as_dict(), indent=2, ensure_ascii=False).encode() + b"\n",
    }
    for name, content in files.items():
        _write(run_path / name, content)
    return report


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise JournalError(
            f"{path}: cannot be written ({error.strerror}). "
            "Free some space or make the folder writable, then render the run again."
        ) from error
