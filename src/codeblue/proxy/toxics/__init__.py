"""What can be done to the bytes on a link: one toxic per file, found here by its `type`."""

from __future__ import annotations

from codeblue.proxy.toxics.bandwidth import Bandwidth
from codeblue.proxy.toxics.latency import Latency
from codeblue.proxy.toxics.limit_data import LimitData
from codeblue.proxy.toxics.noop import Noop
from codeblue.proxy.toxics.reset_peer import ResetPeer
from codeblue.proxy.toxics.slicer import Slicer
from codeblue.proxy.toxics.slow_close import SlowClose
from codeblue.proxy.toxics.stage import Stage
from codeblue.proxy.toxics.timeout import Timeout

STAGES: dict[str, type[Stage]] = {
    stage.kind: stage
    for stage in (
        Bandwidth,
        Latency,
        LimitData,
        Noop,
        ResetPeer,
        Slicer,
        SlowClose,
        Timeout,
    )
}

__all__ = ["STAGES", "Stage"]
