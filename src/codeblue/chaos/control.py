"""A Chaos Toolkit control: journals what happens as it happens, and leaves no fault behind.

Chaos Toolkit writes its journal when the experiment is over, and by default plays no rollbacks when
one is interrupted. It swallows what a control raises, except in ``cleanup_control``, which it calls
however an experiment ends; so that is where a fault left behind becomes an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codeblue.chaos import baseline, held
from codeblue.session import attach

Context = Mapping[str, Any]

# "chaoslib.exceptions.ActivityFailed: codeblue.errors.UsageError: " in front of a sentence.
_EXCEPTIONS = re.compile(r"^(?:(?:\w+\.)*\w*(?:Error|Exception|Failed): )+")


def before_experiment_control(context: Context) -> None:
    """A new experiment: nothing is known of its control yet."""
    baseline.forget()
    _note(f"experiment: {context['title']}")


def before_hypothesis_control(context: Context) -> None:
    """The steady state is about to be measured."""
    _note(f"steady state: {context['title']}")


def before_method_control(context: Context) -> None:
    """The fault is about to be injected."""
    _note(f"method: {context['title']}")


def before_rollback_control(context: Context) -> None:
    """The fault is about to be healed."""
    _note(f"rollbacks: {context['title']}")


def before_activity_control(context: Context) -> None:
    """An action or a probe begins."""
    _note(f"{_name(context)}: begins")


def after_activity_control(context: Context, state: Mapping[str, Any] | None = None) -> None:
    """An action or a probe ended; ``state`` is None when it was interrupted."""
    _note(f"{_name(context)}: {said(state)}")


def after_experiment_control(context: Context, state: Mapping[str, Any]) -> None:
    """The experiment ended."""
    outcome = "deviated" if state["deviated"] else state["status"]
    _note(f"experiment: {context['title']}: {outcome}")


def cleanup_control() -> None:
    """Heal whatever this process still holds.

    Raises:
        UnhealedError: a fault is still in place.
    """
    held.heal_all()


def said(run: Mapping[str, Any] | None) -> str:
    """What an activity found, in words; ``run`` is its entry in Chaos Toolkit's journal."""
    if run is None:
        return "interrupted"
    if run["status"] != "succeeded":
        return f"failed: {trouble(run)}"
    output = run["output"]
    return str(output["measured"] if isinstance(output, dict) and "measured" in output else output)


def trouble(run: Mapping[str, Any]) -> str:
    """Why an activity failed, without the names of the exceptions around the sentence."""
    last = str((run.get("exception") or ["no reason was given"])[-1])
    return _EXCEPTIONS.sub("", last.strip())


def _name(context: Context) -> str:
    return f"{context['type']} {context['name']}"


def _note(text: str) -> None:
    attach().journal.event("activity", text=text)
