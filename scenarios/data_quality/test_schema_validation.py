"""Malformed resources, as legacy systems send them, have to stop at the edge of the platform.

Harm: what is stored malformed cannot be read when somebody needs it. The corpus beside this file is
a valid resource per type and the named ways in which it is spoilt.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.corpus import load_corpus
from codeblue.checks.intake import by_defect, send_corpus

CORPUS = Path(__file__).parent / "corpus"
THRESHOLD = "every item answered 4xx, 0 answered 5xx, 0 rows stored, 0 records unreadable"


@pytest.mark.check(
    id="schema-validation",
    risk="data quality",
    examines=["schema_validation"],
    title="Malformed resources are refused",
)
def test_malformed_resources_are_refused(check: Check, client: Callable[..., httpx.Client]) -> None:
    """Every item of the corpus is posted, and searched for afterwards."""
    corpus = load_corpus(CORPUS)
    with check.control():
        accepted = send_corpus(client(), corpus.valid)
        refused = accepted.refused + accepted.failed + accepted.undecided
        assert not refused, f"valid items not accepted: {refused[:5]}"
        assert accepted.stored == accepted.sent, f"{accepted.stored} of {accepted.sent} found again"
    with check.stressor():
        intake = send_corpus(client(), corpus.malformed)
    broke = bool(intake.accepted or intake.failed or intake.stored or intake.unreadable)
    if intake.undecided and not broke:
        check.inconclusive(f"refused for another reason than their content: {intake.undecided[:5]}")
    check.judge(
        broke=broke,
        measured=(
            f"of {intake.sent} malformed items {len(intake.accepted)} were accepted, "
            f"{len(intake.failed)} answered 5xx, {intake.stored} rows stored, "
            f"{intake.unreadable} searches unreadable afterwards"
        ),
        threshold=THRESHOLD,
        evidence={
            "valid items accepted": accepted.sent,
            "accepted by class": by_defect(intake.accepted),
            "5xx by class": by_defect(intake.failed),
            "examples": (intake.accepted + intake.failed)[:12],
        },
    )
