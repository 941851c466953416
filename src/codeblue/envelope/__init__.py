"""The resilience envelope: how much of a fault a platform takes before an objective breaks.

Pure logic: which severity is to be tried next, and what the verdicts of the loads come to. Whoever
has a platform (``codeblue.cli.envelope``) puts the loads on it.
"""

from codeblue.envelope.cell import Cell, cells_of, estimated_points, in_turn, most_points
from codeblue.envelope.result import Envelope, Standing
from codeblue.envelope.scale import FAULTS, SCALES, Scale
from codeblue.envelope.search import CONFIDENT, Search
from codeblue.envelope.votes import ERROR, Vote, Votes

__all__ = [
    "CONFIDENT",
    "ERROR",
    "FAULTS",
    "SCALES",
    "Cell",
    "Envelope",
    "Scale",
    "Search",
    "Standing",
    "Vote",
    "Votes",
    "cells_of",
    "estimated_points",
    "in_turn",
    "most_points",
]
