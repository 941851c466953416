"""What Chaos Toolkit writes into its journal, as sentences for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# "chaoslib.exceptions.ActivityFailed: codeblue.errors.UsageError: " in front of a sentence.
_EXCEPTIONS = re.compile(r"^(?:(?:\w+\.)*\w*(?:Error|Exception|Failed): )+")


def said(run: Mapping[str, Any] | None) -> str:
    """What an activity found, in words; ``run`` is its entry in Chaos Toolkit's journal."""
    if run is None or "status" not in run:
        return "interrupted"
    if run["status"] != "succeeded":
        return f"failed: {trouble(run)}"
    return measured(run["output"])


def measured(output: Any) -> str:
    """What a probe or an action returned, in words: its own sentence where it has one."""
    return str(output["measured"] if isinstance(output, dict) and "measured" in output else output)


def trouble(run: Mapping[str, Any]) -> str:
    """Why an activity failed, without the names of the exceptions around the sentence."""
    return plain(str((run.get("exception") or ["no reason was given"])[-1]))


def plain(text: str) -> str:
    """The sentence in ``text``, without the names of the exceptions in front of it."""
    return _EXCEPTIONS.sub("", text.strip())
