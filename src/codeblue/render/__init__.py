"""Journal -> frames -> figures -> pages: the report of a run, rebuilt from its journal alone.

``render`` writes ``report.html``, ``report.md``, ``junit.xml`` and ``report.json`` into the run
directory; ``gap`` sets a pilot run and a production run side by side.
"""

from codeblue.render._gap import CheckPair, GapCell, GapRow, GapTable, gap, write_gap
from codeblue.render._report import CheckResult, Report
from codeblue.render._write import render

__all__ = [
    "CheckPair",
    "CheckResult",
    "GapCell",
    "GapRow",
    "GapTable",
    "Report",
    "gap",
    "render",
    "write_gap",
]
