"""Faults on edges, processes and hosts: each injects, heals, and verifies that it is healed."""

from __future__ import annotations

from codeblue.faults.bandwidth import Bandwidth
from codeblue.faults.blackhole import Blackhole
from codeblue.faults.corrupt import Corrupt
from codeblue.faults.drip import Drip
from codeblue.faults.drop_answers import DropAnswers
from codeblue.faults.factory import FAULTS, make, place_kind
from codeblue.faults.fault import Fault, Trace
from codeblue.faults.ground import Ground, ground_of
from codeblue.faults.hang import Hang
from codeblue.faults.healing import Outcome
from codeblue.faults.http_status import HttpStatus
from codeblue.faults.injection import injected
from codeblue.faults.latency import Latency
from codeblue.faults.lease import Lease
from codeblue.faults.loss import Loss
from codeblue.faults.proxy_api import ProxyApi
from codeblue.faults.refuse import Refuse
from codeblue.faults.reset import Reset
from codeblue.faults.slow_body import SlowBody
from codeblue.faults.slow_close import SlowClose
from codeblue.faults.succession import cease
from codeblue.faults.sweep import clear, heal_all, panic, sweep

__all__ = [
    "FAULTS",
    "Bandwidth",
    "Blackhole",
    "Corrupt",
    "Drip",
    "DropAnswers",
    "Fault",
    "Ground",
    "Hang",
    "HttpStatus",
    "Latency",
    "Lease",
    "Loss",
    "Outcome",
    "ProxyApi",
    "Refuse",
    "Reset",
    "SlowBody",
    "SlowClose",
    "Trace",
    "cease",
    "clear",
    "ground_of",
    "heal_all",
    "injected",
    "make",
    "panic",
    "place_kind",
    "sweep",
]
