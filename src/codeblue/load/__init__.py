"""Load on the open model: arrivals come when they come, and every one of them is accounted for.

Locust runs in a process of its own; nothing in here imports it, except ``codeblue.load.journey``,
which only journeys import.
"""

from codeblue.load.plan import LoadPlan, read_plan
from codeblue.load.result import JourneyResult, LoadResult, requests_of
from codeblue.load.runner import LoadError, RunningLoad, run_load, start_load

__all__ = [
    "JourneyResult",
    "LoadError",
    "LoadPlan",
    "LoadResult",
    "RunningLoad",
    "read_plan",
    "requests_of",
    "run_load",
    "start_load",
]
