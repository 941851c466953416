"""From Chaos Toolkit's journal to the verdict of a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codeblue.chaos.extension import ExperimentMeta
from codeblue.chaos.guards import Breach
from codeblue.chaos.outcome import Report
from codeblue.chaos.sentences import said, trouble

if TYPE_CHECKING:
    from codeblue.checks import Check


def judge(check: Check, report: Report, threshold: str, left: Sequence[str] = ()) -> None:
    """Decide ``check`` from ``report``; ``left`` are faults that the rollbacks did not undo.

    What crashed, or was never measured, proves nothing about the platform; it broke when the
    steady state was measured under the fault and had deviated, or when it did not come back after.

    Raises:
        CheckBroke: the platform broke.
        Inconclusive: nothing was proved.
    """
    _require_measurements(check, report)
    after = report["steady_states"]["after"]
    measured = [said(run) for run in after["probes"]]
    lasting = [run for run in report["rollbacks"] if _still_broken(run)]
    measured += [f"after the fault: {said(run)}" for run in lasting]
    broke = bool(lasting) or not after["steady_state_met"]
    if not broke:
        for run in _failed(report["rollbacks"]):
            check.inconclusive(f"recovery: {_name(run)} failed: {trouble(run)}")
        for fault in left:
            check.inconclusive(f"recovery: the rollbacks left {fault}; it was healed for them")
    check.judge(broke=broke, measured="; ".join(measured), threshold=threshold)


def judge_breach(check: Check, report: Report, breach: Breach, meta: ExperimentMeta) -> None:
    """Decide ``check`` after a guard stopped it.

    Nothing is decided, unless the platform did not come back after the faults were gone, or the
    experiment says that its guards are an oracle. A blind guard is none.

    Raises:
        CheckBroke: the platform broke.
        Inconclusive: nothing was proved.
    """
    check.evidence["guard"] = {"name": breach.guard, "blind": breach.blind, "found": breach.reason}
    lasting = [f"after the fault: {said(run)}" for run in report["rollbacks"] if _still_broken(run)]
    found = "; ".join([f"aborted by {breach.sentence}", *lasting])
    is_oracle = meta.guard_is_oracle and not breach.blind and bool(report["run"])
    if lasting or is_oracle:
        check.judge(broke=True, measured=found, threshold=meta.threshold)
    failed = [f"{_name(run)} failed: {trouble(run)}" for run in _failed(report["rollbacks"])]
    check.inconclusive("; ".join([found, *failed]))


def evidence(report: Report) -> dict[str, Any]:
    """The outputs of all activities by the stage they belong to."""
    states = report["steady_states"]
    stages = {
        "control": (states["before"] or {}).get("probes", []),
        "stressor": report["run"],
        "oracle": (states["after"] or {}).get("probes", []),
        "recovery": report["rollbacks"],
    }
    return {stage: {_name(run): run["output"] for run in runs} for stage, runs in stages.items()}


def interrupted(report: Report) -> bool:
    """Somebody stopped the experiment with Ctrl-C or a signal.

    A SIGTERM that arrives inside a Python activity is filed by Chaos Toolkit as a failure of that
    activity, and the experiment goes on; only the text of the exception tells.
    """
    states = report["steady_states"]
    probes = [
        run for state in (states["before"], states["after"]) if state for run in state["probes"]
    ]
    runs = [*probes, *report["run"], *report["rollbacks"]]
    texts = ("".join(run.get("exception") or []) for run in runs)
    return report["status"] == "interrupted" or any("InterruptExecution" in text for text in texts)


def _require_measurements(check: Check, report: Report) -> None:
    before, after = report["steady_states"]["before"], report["steady_states"]["after"]
    if before is None:
        check.inconclusive("control: the steady state was never measured")
    if not before["steady_state_met"]:
        found = "; ".join(map(said, before["probes"]))
        check.inconclusive(f"control: the steady state is not met without the fault: {found}")
    for run in _failed(report["run"]):
        check.inconclusive(f"stressor: {_name(run)} failed: {trouble(run)}")
    if after is None:
        check.inconclusive("oracle: the steady state was not measured under the fault")
    for run in _failed(after["probes"]):
        check.inconclusive(f"oracle: {_name(run)} failed: {trouble(run)}")


def _failed(runs: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (run for run in runs if run.get("status") != "succeeded")


def _still_broken(run: Mapping[str, Any]) -> bool:
    output = run["output"]
    return isinstance(output, dict) and output.get("recovered") is False


def _name(run: Mapping[str, Any]) -> str:
    return str(run["activity"]["name"])
