"""Faults on edges, processes and hosts: each injects, heals, and verifies that it is healed."""

from __future__ import annotations

from codeblue.faults.edge.bandwidth import Bandwidth
from codeblue.faults.edge.blackhole import Blackhole
from codeblue.faults.edge.corrupt import Corrupt
from codeblue.faults.edge.drip import Drip
from codeblue.faults.edge.drop_answers import DropAnswers
from codeblue.faults.edge.hang import Hang
from codeblue.faults.edge.http_status import HttpStatus
from codeblue.faults.edge.latency import Latency
from codeblue.faults.edge.loss import Loss
from codeblue.faults.edge.proxy_api import ProxyApi
from codeblue.faults.edge.refuse import Refuse
from codeblue.faults.edge.reset import Reset
from codeblue.faults.edge.slow_body import SlowBody
from codeblue.faults.edge.slow_close import SlowClose
from codeblue.faults.factory import FAULTS, make, place_kind
from codeblue.faults.fault import Fault, Trace
from codeblue.faults.ground import Ground, ground_of
from codeblue.faults.healing import Outcome
from codeblue.faults.injection import injected
from codeblue.faults.lease import Lease
from codeblue.faults.process.succession import cease
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
