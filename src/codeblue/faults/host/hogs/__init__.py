"""Children that take a bounded amount of the machine, for a bounded time, and leave nothing."""

from codeblue.faults.host.hogs.hog import Hog
from codeblue.faults.host.hogs.sizes import cpu_refusal, disk_refusal, memory_refusal, time_refusal

__all__ = ["Hog", "cpu_refusal", "disk_refusal", "memory_refusal", "time_refusal"]
