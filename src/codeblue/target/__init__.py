"""What is under test: addresses, edges, tenants and objectives, read from ``codeblue.toml``."""

from codeblue.target.duration import Duration
from codeblue.target.load import load_target
from codeblue.target.model import Edge, Objective, Process, Start, Target, Tenant
from codeblue.target.variables import Variables

__all__ = [
    "Duration",
    "Edge",
    "Objective",
    "Process",
    "Start",
    "Target",
    "Tenant",
    "Variables",
    "load_target",
]
