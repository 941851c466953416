"""Stop: there, and does nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import psutil
import pytest

from codeblue.errors import UsageError
from codeblue.faults import Ground, make
from codeblue.faults.process.identity import Identity

from ..processes import FAMILY, platform, until

STOPPED = psutil.STATUS_STOPPED


def test_a_process_stands_still_until_it_is_healed() -> None:
    with platform() as running:
        fault, child = make("stop", "worker"), running.child()
        trace = fault.prepare(running.ground)
        assert fault.healed(running.ground, trace)
        fault.inject(running.ground, trace)
        assert child.status() == STOPPED
        assert not fault.healed(running.ground, trace)
        for _ in range(2):
            fault.heal(running.ground, trace)
            until(lambda: fault.healed(running.ground, trace))
        assert child.status() != STOPPED


def test_its_family_stands_still_when_asked_for_and_only_then() -> None:
    with platform(FAMILY) as running:
        child = running.child()
        until(lambda: len(child.children()) == 2)
        for extent, expected in (("process", 0), ("family", 2)):
            fault = make("stop", "worker", extent=extent)
            trace = fault.prepare(running.ground)
            fault.inject(running.ground, trace)
            until(lambda: child.status() == STOPPED)
            stopped = [each for each in child.children() if each.status() == STOPPED]
            assert len(stopped) == expected
            fault.heal(running.ground, trace)
            until(partial(fault.healed, running.ground, trace))
            assert all(each.status() != STOPPED for each in (child, *child.children()))


def test_one_that_died_meanwhile_is_healed_and_its_successor_is_left_alone() -> None:
    with platform() as running:
        fault, child = make("stop", "worker"), running.child()
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        child.kill()
        successor = running.child(after=child)
        assert fault.healed(running.ground, trace)
        successor.suspend()
        until(lambda: successor.status() == STOPPED)
        fault.heal(running.ground, trace)
        assert successor.status() == STOPPED
        successor.resume()


def test_one_that_somebody_else_stopped_is_left_to_them() -> None:
    with platform() as running:
        child = running.child()
        child.suspend()
        until(lambda: child.status() == STOPPED)
        with pytest.raises(UsageError, match="stopped already, and not by this fault"):
            make("stop", "worker").prepare(running.ground)


def test_a_number_that_was_used_again_is_a_stranger() -> None:
    with platform() as running:
        fault, child = make("stop", "worker"), running.child()
        trace = fault.prepare(running.ground)
        [[pid, start]] = trace["members"]
        trace["members"] = [[pid, start - 1]]
        fault.inject(running.ground, trace)
        assert child.status() != STOPPED
        assert Identity(pid, start).alive
        assert not Identity(pid, start - 1).alive


def test_what_cannot_be_found_is_said() -> None:
    with platform() as running:
        ground = running.ground
        with pytest.raises(UsageError, match='Did you mean "worker"'):
            make("stop", "wroker").prepare(ground)
        absent = {"worker": {"match": "no-such-text"}}
        with pytest.raises(UsageError, match='has "no-such-text" in its name or command line'):
            make("stop", "worker").prepare(replace(ground, processes=absent))
        with pytest.raises(UsageError, match="Give its `pidfile`"):
            make("stop", "worker").prepare(replace(ground, platform_pid=None))


def test_several_are_too_many() -> None:
    with platform(FAMILY) as running:
        until(lambda: len(running.child().children()) == 2)
        several = Ground("x", platform_pid=running.child().pid, processes={})
        section = {"worker": {"match": "-I -c import time; time.sleep(3600)"}}
        with pytest.raises(UsageError, match=r"matches several \(pid \d+, \d+\)"):
            make("stop", "worker").prepare(replace(several, processes=section))
