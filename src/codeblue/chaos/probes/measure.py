"""What every probe does with its control, and what it returns."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from codeblue.chaos.burst import Answer, statuses
from codeblue.errors import CodeblueError

Measure = dict[str, Any]
"""``measured``, the sentence for the report, and the numbers behind it."""

_CONTROL_SUCCESS = 0.99


def name(probe: str, *arguments: Any) -> str:
    """What this probe with these arguments is remembered under; see ``codeblue.chaos.baseline``."""
    return f"{probe}:{json.dumps(arguments, sort_keys=True)}"


def answers(send: Callable[[], list[Answer]], *, control: bool) -> list[Answer]:
    """What ``send`` returns; of a ``control`` the second time, unless all were well at first.

    A control that fails once may have met a busy moment of the machine.
    """
    found = send()
    return send() if control and not all(answer.ok for answer in found) else found


def require_working(
    answers: Sequence[Answer], good: int | None = None, what: str = "succeed"
) -> None:
    """Raise CodeblueError unless nearly all ``answers`` of the control are ``good``.

    Good are those with success, or as many as did ``what``.
    """
    count = len(answers)
    good = sum(answer.ok for answer in answers) if good is None else good
    if good < _CONTROL_SUCCESS * count:
        raise CodeblueError(
            f"control: only {good} of {count} requests {what} without the fault "
            f"({statuses(answers)}), so nothing can be said about it."
        )
