"""What can be done to the bytes on a link: one toxic per file, found here by its `type`."""

from __future__ import annotations

from codeblue.proxy.toxics.bandwidth import Bandwidth
from codeblue.proxy.toxics.blackhole import Blackhole
from codeblue.proxy.toxics.corrupt import Corrupt
from codeblue.proxy.toxics.http_status import HttpStatus
from codeblue.proxy.toxics.latency import Latency
from codeblue.proxy.toxics.limit_data import LimitData
from codeblue.proxy.toxics.loss import Loss
from codeblue.proxy.toxics.noop import Noop
from codeblue.proxy.toxics.refuse import Refuse
from codeblue.proxy.toxics.reset_peer import ResetPeer
from codeblue.proxy.toxics.shared_bandwidth import SharedBandwidth
from codeblue.proxy.toxics.slicer import Slicer
from codeblue.proxy.toxics.slow_body import SlowBody
from codeblue.proxy.toxics.slow_close import SlowClose
from codeblue.proxy.toxics.stage import Stage
from codeblue.proxy.toxics.timeout import Timeout

STAGES: dict[str, type[Stage]] = {
    stage.kind: stage
    for stage in (
        # What a real Toxiproxy knows, too:
        Bandwidth,
        Latency,
        LimitData,
        Noop,
        ResetPeer,
        Slicer,
        SlowClose,
        Timeout,
        # What it refuses with 400, so that an experiment that needs one fails loudly there:
        Blackhole,
        Corrupt,
        HttpStatus,
        Loss,
        Refuse,
        SharedBandwidth,
        SlowBody,
    )
}

__all__ = ["STAGES", "Stage"]
