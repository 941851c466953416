"""What an experiment came to, where Chaos Toolkit would say that all was well.

Chaos Toolkit's journal says ``completed`` and ``chaos run`` exits with 0 when the steady state is
the same after as before, whatever failed in between. Here a failed action or rollback makes the
status ``failed``, and a request to stop that came too late to stop anything makes it
``interrupted``. ``chaos run`` then exits with 1 by itself.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from chaoslib.run import RunEventHandler

from codeblue.chaos.guards import Breach
from codeblue.chaos.interruption import current as interruption
from codeblue.errors import UnhealedError
from codeblue.verdict import ExitCode

if TYPE_CHECKING:
    from codeblue.chaos.supervision import Supervision

Report = dict[str, Any]
"""The journal of one experiment, as Chaos Toolkit keeps it."""

_FAIL_FAST = "--fail-fast"

_logger = logging.getLogger("chaostoolkit")


class Outcome(RunEventHandler):  # type: ignore[misc]
    """Sees to the strategy of rollbacks at the beginning, and to the status at the end."""

    def __init__(self, supervision: Callable[[], Supervision | None]) -> None:
        self._supervision = supervision
        self._settings: dict[str, Any] = {}
        self._strategy: str | None = None

    def running(
        self,
        _experiment: Any,
        _journal: Report,
        _configuration: Any,
        _secrets: Any,
        _schedule: Any,
        settings: dict[str, Any],
    ) -> None:
        """Rollbacks are always played; the toolkit looks this up right after this call."""
        runtime = settings.setdefault("runtime", {})
        self._settings = runtime.setdefault("rollbacks", {})
        self._strategy = self._settings.get("strategy")
        if self._strategy == "never":
            _logger.warning("Rollbacks are played all the same: nothing is left broken on purpose.")
        self._settings["strategy"] = "always"

    def continuous_hypothesis_completed(
        self, _experiment: Any, journal: Report, _exception: Exception | None = None
    ) -> None:
        """``--fail-fast`` stops the activity that is under way, not only the next one."""
        supervision = self._supervision()
        if journal["status"] == "failed" and supervision is not None:
            journal["deviated"] = True
            supervision.stop(Breach(_FAIL_FAST, "the steady state deviated during the method"))

    def finish(self, journal: Report) -> None:
        """The experiment is over, and everything of it is cleaned up."""
        self._restore()
        supervision = self._supervision()
        if journal["status"] == "completed":
            for problem in problems(journal, supervision):
                _logger.error(problem)
                journal["status"] = "failed"
            if interruption.reason:
                journal["status"] = "interrupted"

    def _restore(self) -> None:
        # The settings may be everybody's: those of the toolkit itself, loaded once per process.
        if self._strategy is None:
            self._settings.pop("strategy", None)
        else:
            self._settings["strategy"] = self._strategy


def problems(journal: Report, supervision: Supervision | None) -> list[str]:
    """What went wrong besides the steady state: failed activities, faults that rollbacks left."""
    found = [
        f"{run['activity']['type']} {run['activity']['name']} did not succeed"
        for run in [*journal["run"], *journal["rollbacks"]]
        if run.get("status") != "succeeded"
    ]
    if supervision is not None and supervision.leftovers is not None:
        found += [f"the rollbacks left {fault}" for fault in supervision.leftovers.found]
    return found


def exit_unhealed(error: UnhealedError) -> bool:
    """Let ``chaos run`` end as it does, but exit with 4; False when this is no ``chaos run``."""
    context = click.get_current_context(silent=True)
    if context is None or not _is_chaos_run(context.command):
        return False
    _logger.critical(str(error))
    # Called when the command is done and its own exit code is on the way out.
    context.call_on_close(lambda: sys.exit(ExitCode.UNHEALED))
    return True


def _is_chaos_run(command: click.Command) -> bool:
    return getattr(command.callback, "__module__", "").startswith("chaostoolkit.")
