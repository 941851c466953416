"""Scores a platform: what it kept, against the truth about what it was sent."""

from __future__ import annotations

from codeblue.patients.score.outcome import Pairs, Score, Tally
from codeblue.patients.score.scoring import score

__all__ = ["Pairs", "Score", "Tally", "score"]
