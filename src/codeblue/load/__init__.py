"""Load on the open model: arrivals come when they come, and every one of them is accounted for.

Locust runs in processes of its own; nothing in here imports it, except ``codeblue.load.journey``,
which only journeys import.
"""

from codeblue.load.planning.plan import LoadPlan, Stream
from codeblue.load.planning.profile import read_plan
from codeblue.load.result import (
    JourneyResult,
    LoadResult,
    arrivals_of,
    requests_of,
)
from codeblue.load.runner import LoadError, RunningLoad, run_load, serve, start_load

__all__ = [
    "JourneyResult",
    "LoadError",
    "LoadPlan",
    "LoadResult",
    "RunningLoad",
    "Stream",
    "arrivals_of",
    "read_plan",
    "requests_of",
    "run_load",
    "serve",
    "start_load",
]
