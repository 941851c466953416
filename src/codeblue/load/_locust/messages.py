"""What the lead of a load and its workers tell each other, by Locust's own messages.

In one process Locust's local runner hands a message to its own listener, so one worker and many
are the same code.
"""

from __future__ import annotations

from typing import Any

CLOCK = "codeblue-clock"
"""Lead: what time is it? ``{asked}``"""
TIME = "codeblue-time"
"""Worker: ``{asked, theirs}``, both seconds since the epoch on the asker's and on its own clock."""
BEGIN = "codeblue-begin"
"""Lead: ``{index, digest, turns, started, at}``; ``at`` is second 0 on the worker's own clock."""
STOP = "codeblue-stop"
"""Lead: issue nothing more, and wait ``{drain}`` seconds for the last answers."""
RECORDS = "codeblue-records"
"""Worker on another machine: ``{kind, at, content}``, bytes of a file of its own, from ``at``."""
REPORT = "codeblue-report"
"""Worker: ``{issued, lateness_p99, cpu, cpu_share, elapsed, reason}``, its last word."""

Data = dict[str, Any]
