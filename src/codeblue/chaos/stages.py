"""Chaos Toolkit's steps as the stages of a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from chaoslib.run import RunEventHandler

if TYPE_CHECKING:
    from codeblue.checks import Check


class Stages(RunEventHandler):  # type: ignore[misc]
    """Opens and closes the stages of ``check`` as Chaos Toolkit goes through its own steps.

    A control that did not hold is never closed: only a stage that is closed counts as passed.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._stage: AbstractContextManager[None] | None = None

    def start_hypothesis_before(self, _experiment: Any) -> None:
        """The steady state before the method is the control."""
        self._open(self._check.control)

    def hypothesis_before_completed(
        self, _experiment: Any, state: Mapping[str, Any], _journal: Any
    ) -> None:
        """The control passed if the steady state was met."""
        if state["steady_state_met"]:
            self._close()

    def start_method(self, _experiment: Any) -> None:
        """The method is the stressor."""
        self._open(self._check.stressor)

    def method_completed(self, _experiment: Any, _runs: Any = None) -> None:
        """The stressor is in place."""
        self._close()

    def start_hypothesis_after(self, _experiment: Any) -> None:
        """The steady state after the method is the oracle."""
        self._open(self._check.oracle)

    def hypothesis_after_completed(self, _experiment: Any, _state: Any, _journal: Any) -> None:
        """The oracle has spoken."""
        self._close()

    def start_rollbacks(self, _experiment: Any) -> None:
        """The rollbacks heal, and watch the platform recover."""
        self._open(self._check.recovery)

    def rollbacks_completed(self, _experiment: Any, _journal: Any) -> None:
        """Recovery was observed, or not."""
        self._close()

    def _open(self, stage: Callable[[], AbstractContextManager[None]]) -> None:
        self._stage = stage()
        self._stage.__enter__()

    def _close(self) -> None:
        if self._stage is not None:
            self._stage.__exit__(None, None, None)
        self._stage = None
