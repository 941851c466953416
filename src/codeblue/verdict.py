"""Verdicts of checks and exit codes of runs. Nothing that was not exercised reads as a pass."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """What one check, or a group of checks, came to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EXERCISED = "not exercised"
    ATTESTED = "attested"
    NOT_APPLICABLE = "not applicable"


class ExitCode(IntEnum):
    """Exit status of every command; the table stands in the reference documentation."""

    HELD = 0
    BROKE = 1
    USAGE = 2
    INCONCLUSIVE = 3
    UNHEALED = 4
    NOTHING_RAN = 5


# From best to worst: merging keeps the worst. An attestation is weaker than a pass, and a check
# that could not decide is worse than one that was never run.
_ORDER = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.ATTESTED,
    Verdict.NOT_EXERCISED,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
)

_OUTCOME = {
    ExitCode.HELD: "held",
    ExitCode.BROKE: "broke",
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts; ``NOT_EXERCISED`` when there are none."""
    return max(verdicts, key=_ORDER.index, default=Verdict.NOT_EXERCISED)


def exit_code(verdicts: Iterable[Verdict]) -> ExitCode:
    """The exit status of a run whose checks came to ``verdicts``.

    One failure breaks the run, one inconclusive check keeps it from holding, and a run in which no
    check passed or failed ran nothing at all.
    """
    seen = set(verdicts)
    if Verdict.FAIL in seen:
        return ExitCode.BROKE
    if Verdict.INCONCLUSIVE in seen:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HELD if Verdict.PASS in seen else ExitCode.NOTHING_RAN


def outcome(code: ExitCode) -> str:
    """The word for a run: ``held``, ``broke`` or ``inconclusive``."""
    return _OUTCOME.get(code, "inconclusive")
