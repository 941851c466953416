"""Faults on the edges of a platform: each one injects, heals, and verifies that it is healed."""

from __future__ import annotations

from codeblue.faults.drop_answers import DropAnswers
from codeblue.faults.factory import FAULTS, make
from codeblue.faults.fault import Fault
from codeblue.faults.hang import Hang
from codeblue.faults.injection import heal_all, injected
from codeblue.faults.latency import Latency
from codeblue.faults.lease import Lease
from codeblue.faults.proxy_api import ProxyApi
from codeblue.faults.refuse import Refuse
from codeblue.faults.reset import Reset

__all__ = [
    "FAULTS",
    "DropAnswers",
    "Fault",
    "Hang",
    "Latency",
    "Lease",
    "ProxyApi",
    "Refuse",
    "Reset",
    "heal_all",
    "injected",
    "make",
]
