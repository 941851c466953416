"""Running one Chaos Toolkit file as a check: its deviations become verdicts."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoslib import PayloadEncoder
from chaoslib.exceptions import ChaosException
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.run import Runner, initialize_run_journal
from chaoslib.types import Strategy

from codeblue.chaos import control, interruption
from codeblue.chaos.extension import ExperimentMeta, read_experiment, read_extension
from codeblue.chaos.guards import require_valid
from codeblue.chaos.judgement import evidence, interrupted, judge, judge_breach
from codeblue.chaos.outcome import Report
from codeblue.chaos.stages import Stages
from codeblue.errors import CodeblueError, UsageError

if TYPE_CHECKING:
    from codeblue.checks import Check
    from codeblue.session import Session

_CONTROL = {
    "name": "codeblue",
    "provider": {"type": "python", "module": "codeblue.chaos.control"},
}


def run_experiment(path: Path, check: Check, session: Session) -> None:
    """Run the experiment at ``path`` against ``session`` and judge it through ``check``.

    The steady state before the method is the control, the one after it the oracle. Chaos Toolkit's
    journal is kept as ``experiments/<id>.json`` of the run, its log as ``logs/chaostoolkit.log``.

    Raises:
        UsageError: the file is not a valid experiment.
        CheckBroke: the steady state deviated, or the platform did not recover, or a guard that is
            an oracle was breached.
        Inconclusive: the control failed, a probe or an action crashed, or a guard was breached.
        JournalError: the record of the run cannot be written.
        UnhealedError: a fault is still in place.
        KeyboardInterrupt: somebody stopped it; the faults are healed.
    """
    meta = read_extension(path)
    experiment = _load(path, meta)
    report: Report = initialize_run_journal(experiment)
    with _kept(report, session.run.path / "experiments" / f"{meta.id}.json"):
        _execute(experiment, report, check, session.run.logs / "chaostoolkit.log")
    check.evidence.update(evidence(report))
    _conclude(check, report, meta)


def _conclude(check: Check, report: Report, meta: ExperimentMeta) -> None:
    supervision = control.supervision()
    if supervision is not None:
        for error in (supervision.error, supervision.record.error):
            if error is not None:
                raise error
        if supervision.breach is not None:
            judge_breach(check, report, supervision.breach, meta)
    if interruption.current.reason or interrupted(report):
        raise KeyboardInterrupt
    left = supervision.leftovers.found if supervision and supervision.leftovers else ()
    judge(check, report, meta.threshold, left)


def _load(path: Path, meta: ExperimentMeta) -> dict[str, Any]:
    """The experiment at ``path``, found valid by Chaos Toolkit, with our control once."""
    experiment = read_experiment(path)
    with _logged_to(logging.NullHandler()):
        try:
            ensure_experiment_is_valid(experiment)
            require_valid(meta.guards)
        except ChaosException as error:
            raise UsageError(f"{path}: {error}. Put it right.") from error
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from error
    others = [c for c in experiment.get("controls", []) if c["name"] != _CONTROL["name"]]
    return {**experiment, "controls": [_CONTROL, *others]}


def _execute(experiment: dict[str, Any], report: Report, check: Check, log: Path) -> None:
    handler = logging.FileHandler(log, encoding="utf-8")
    with _logged_to(handler), Runner(Strategy.DEFAULT) as runner:
        runner.register_event_handler(Stages(check))
        try:
            runner.run(experiment, settings={}, journal=report)
        except CodeblueError:
            raise
        except Exception as error:  # noqa: BLE001 - its crash says nothing about the platform
            check.inconclusive(f"Chaos Toolkit crashed: {type(error).__name__}: {error}")


@contextmanager
def _kept(report: Report, path: Path) -> Iterator[None]:
    """Write ``report`` to ``path`` at the end, however it ends."""
    try:
        yield
    finally:
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(report, indent=2, cls=PayloadEncoder)
        path.write_text(text, encoding="utf-8")


@contextmanager
def _logged_to(handler: logging.Handler) -> Iterator[None]:
    """Send what Chaos Toolkit logs to ``handler`` only, and not to the terminal."""
    logger = logging.getLogger("chaostoolkit")
    propagate, level = logger.propagate, logger.level
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.propagate = propagate
        logger.setLevel(level)
