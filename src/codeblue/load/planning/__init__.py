"""What a load is to be: arrivals over time, streams of journeys, profiles as data."""

from codeblue.load.planning.plan import LoadPlan, Schedule, Stream, journey_files
from codeblue.load.planning.profile import profiles, read_plan

__all__ = ["LoadPlan", "Schedule", "Stream", "journey_files", "profiles", "read_plan"]
