"""A Chaos Toolkit control: guards, journals what happens as it happens, and leaves no fault behind.

Chaos Toolkit calls these functions by their names. It swallows what they raise, except an
``InterruptExecution``, which is how an experiment is stopped between two steps, and what
``cleanup_control`` raises, which it calls however an experiment ends; so that is where a fault left
behind becomes an error.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from chaoslib.run import EventHandlerRegistry

from codeblue.chaos import baseline, held, outcome
from codeblue.chaos.interruption import current as interruption
from codeblue.chaos.supervision import Supervision
from codeblue.errors import UnhealedError

Context = Mapping[str, Any]

_supervision: list[Supervision] = []


def supervision() -> Supervision | None:
    """The experiment in progress, or the last one."""
    return _supervision[-1] if _supervision else None


def configure_control(event_registry: EventHandlerRegistry | None = None) -> None:
    """Hear of the toolkit's own events, which say more than its controls are told."""
    _supervision.clear()
    if event_registry is not None:
        event_registry.register(outcome.Outcome(supervision))


def before_experiment_control(
    context: Context,
    configuration: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> None:
    """A new experiment: nothing is known of its control yet.

    Raises:
        InterruptExecution: its guards are wrong.
    """
    baseline.forget()
    _supervision[:] = [Supervision(context, configuration or {}, secrets or {})]
    _supervision[0].begin()
    _note(f"experiment: {context['title']}")


def before_hypothesis_control(context: Context) -> None:
    """The steady state is about to be measured.

    Raises:
        InterruptExecution: somebody asked to stop.
    """
    _note(f"steady state: {context['title']}")
    _proceed()


def after_hypothesis_control(context: Context) -> None:  # noqa: ARG001 - the toolkit's call
    """The steady state was measured."""
    interruption.close()


def before_method_control(context: Context) -> None:
    """The fault is about to be injected, if the guards allow it.

    Raises:
        InterruptExecution: somebody asked to stop, or a guard did.
    """
    _note(f"method: {context['title']}")
    _proceed()
    for each in _supervision:
        each.stage = "stressor"
        each.mount()


def after_method_control(context: Context) -> None:  # noqa: ARG001 - the toolkit's call
    """What comes now is measured under the fault."""
    interruption.close()
    for each in _supervision:
        each.stage = "oracle"


def before_rollback_control(context: Context) -> None:
    """The fault is about to be healed, and nothing may come between."""
    interruption.protect_rollbacks()
    for each in _supervision:
        each.stage = "recovery"
        each.watch.end()
    _note(f"rollbacks: {context['title']}")


def before_activity_control(context: Context) -> None:
    """An action or a probe begins.

    Raises:
        InterruptExecution: somebody asked to stop.
    """
    for each in _supervision:
        each.record.began(context, each.stage)
    _obey()


def after_activity_control(context: Context, state: Mapping[str, Any] | None = None) -> None:
    """An action or a probe ended; ``state`` is None when it was interrupted.

    Raises:
        InterruptExecution: somebody asked to stop, which the toolkit took for its failure.
    """
    for each in _supervision:
        each.record.ended(context, each.stage, state)
    if state is not None:
        _obey()


def after_experiment_control(context: Context, state: Mapping[str, Any]) -> None:
    """The experiment ended."""
    ended = "deviated" if state["deviated"] else state["status"]
    _note(f"experiment: {context['title']}: {ended}")


def cleanup_control() -> None:
    """Heal whatever this process still holds, and see to it that nothing else is left.

    Raises:
        UnhealedError: a fault is still in place. Under ``chaos run`` nothing is raised, so that the
            toolkit writes its journal; the process then exits with 4.
    """
    experiment = supervision()
    try:
        if experiment is None:
            held.heal_all()
        else:
            experiment.end()
    except UnhealedError as error:
        if not outcome.exit_unhealed(error):
            raise


def _proceed() -> None:
    """Stop here if somebody asked to; from here on, stop at once."""
    _obey()
    interruption.open()


def _obey() -> None:
    if threading.current_thread() is threading.main_thread():
        interruption.obey()


def _note(text: str) -> None:
    for each in _supervision:
        each.record.note(text)
        if each.record.error is not None:
            interruption.request(str(each.record.error))
