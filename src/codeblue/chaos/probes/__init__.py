"""Probes for plain Chaos Toolkit files: each drives a workload and says what came of it.

The steady-state hypothesis runs a probe twice. The first time, before the method, is the control:
nothing is broken, so the workload has to work, and a probe whose workload does not work raises
instead of measuring. The second time the fault is active. Every result holds ``measured``, the
sentence for the report, and the numbers behind it.
"""

from codeblue.chaos.probes.answered import answered
from codeblue.chaos.probes.ending import unanswered
from codeblue.chaos.probes.feeding import fed
from codeblue.chaos.probes.front_door import front_door
from codeblue.chaos.probes.loaded import under_load
from codeblue.chaos.probes.measure import Measure
from codeblue.chaos.probes.promises import accepted, kept
from codeblue.chaos.probes.reaching import reaching
from codeblue.chaos.probes.steadiness import steady
from codeblue.chaos.probes.truth import marked, unchanged

__all__ = [
    "Measure",
    "accepted",
    "answered",
    "fed",
    "front_door",
    "kept",
    "marked",
    "reaching",
    "steady",
    "unanswered",
    "unchanged",
    "under_load",
]
