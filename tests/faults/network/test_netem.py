"""Netem: a slow wire, where the kernel can make one; elsewhere a sentence."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator

import pytest

from codeblue.errors import UsageError
from codeblue.faults import Ground, make
from codeblue.faults.capabilities import able
from codeblue.faults.ground import new_owner
from codeblue.faults.network import namespaces, netem
from codeblue.faults.network.netem import refusal

GROUND = Ground(new_owner())


@pytest.fixture
def namespace() -> Iterator[str]:
    if able("partition"):  # what it takes to make one, but for the kernel's netem
        pytest.skip(str(able("partition")))
    name = f"codeblue-test-{os.getpid()}-{secrets.token_hex(3)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.slow
def test_a_wire_gets_slow_and_fast_again_or_the_reason_is_said(namespace: str) -> None:
    fault = make("netem", namespace, delay=20, loss=1)
    if why := able("netem"):
        with pytest.raises(UsageError) as refused:
            fault.prepare(GROUND)
        assert why in str(refused.value)
        return
    trace = fault.prepare(GROUND)
    fault.inject(GROUND, trace)
    assert not fault.healed(GROUND, trace)
    for _ in range(2):
        fault.heal(GROUND, trace)
        assert fault.healed(GROUND, trace)


@pytest.mark.slow
def test_its_queue_comes_and_goes_with_it(namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a queue that every kernel has in netem's place: the handling is the same."""
    monkeypatch.setattr("codeblue.faults.network.netem.require", lambda _type: None)
    monkeypatch.setattr(netem.Netem, "wire", lambda _self: ["pfifo", "limit", "10"])
    show = ["tc", "-j", "qdisc", "show", "dev", "lo"]
    namespaces.run_inside(namespace, ["ip", "link", "set", "lo", "up"])
    before = namespaces.run_inside(namespace, show)
    fault = make("netem", namespace, delay=1)
    trace = fault.prepare(GROUND)
    assert fault.healed(GROUND, trace)
    fault.inject(GROUND, trace)
    assert "pfifo" in namespaces.run_inside(namespace, show)
    assert not fault.healed(GROUND, trace)
    for _ in range(2):
        fault.heal(GROUND, trace)
        assert fault.healed(GROUND, trace)
    assert namespaces.run_inside(namespace, show) == before


@pytest.mark.slow
def test_a_queue_of_somebody_else_is_never_replaced(
    namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codeblue.faults.network.netem.require", lambda _type: None)
    make("netem", namespace, delay=1).prepare(GROUND)
    with pytest.raises(UsageError, match='has no "eth9"'):
        make("netem", namespace, device="eth9", delay=1).prepare(GROUND)
    queue = ["tc", "qdisc", "add", "dev", "lo", "root", "handle", "7:", "pfifo", "limit", "10"]
    namespaces.run_inside(namespace, queue)
    with pytest.raises(UsageError, match="already has a queue"):
        make("netem", namespace, delay=1).prepare(GROUND)


@pytest.mark.parametrize(
    ("delay", "jitter", "loss", "sentence"),
    [
        (0, 0, 0, "which is no fault"),
        (60_001, 0, 0, "Give at most 60000"),
        (10, 11, 0, "jitter is 11"),
        (0, 0, 101, "Give a percentage"),
        (100, 20, 5, None),
    ],
)
def test_values_that_make_no_sense_are_refused(
    delay: int, jitter: int, loss: int, sentence: str | None
) -> None:
    why = refusal(delay, jitter, loss)
    assert why is None if sentence is None else sentence in str(why)
