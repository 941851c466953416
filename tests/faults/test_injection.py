"""A fault for the length of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.faults import (
    Fault,
    Ground,
    Hang,
    Latency,
    Refuse,
    Trace,
    heal_all,
    injected,
    make,
)
from codeblue.faults.ground import new_owner
from codeblue.journal import Journal

from ..proxy.conftest import Echo, start
from .conftest import EDGE, Edge, events


@pytest.fixture
def ground(edge: Edge) -> Ground:
    """Ground whose lease is left to ``injected``."""
    return Ground(new_owner(), edge.url)


@pytest.mark.parametrize("name", ["drop-answers", "hang", "latency", "refuse", "reset"])
def test_the_journal_tells_when_it_was_there(
    edge: Edge, ground: Ground, journal: Journal, name: str
) -> None:
    fault = make(name, EDGE, **({"ms": 900} if name == "latency" else {}))
    with injected(fault, ground, journal):
        assert not edge.works()
    assert edge.works()
    first, last = events(journal)
    assert (first["kind"], last["kind"]) == ("fault-injected", "fault-healed")
    assert first["fault"] == last["fault"]
    assert (first["edge"], first["type"], first["attributes"]) == (EDGE, name, fault.attributes)
    assert last["verified"] is True


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_heals_however_the_block_ends(
    edge: Edge, ground: Ground, journal: Journal, error: type[BaseException]
) -> None:
    with (
        pytest.raises(error),
        injected(Hang(EDGE), ground, journal),
    ):
        raise error
    assert edge.works()
    assert events(journal)[-1]["verified"] is True


def test_faults_nest(edge: Edge, ground: Ground, journal: Journal) -> None:
    with injected(Latency(EDGE, ms=5), ground, journal):
        with injected(Refuse(EDGE), ground, journal):
            assert not edge.works()
        assert edge.works()
        assert len(edge.toxics()) == 1
    assert edge.toxics() == []


def test_an_unknown_edge_is_a_usage_error_with_the_nearest_name(
    edge: Edge, ground: Ground, journal: Journal
) -> None:
    block = injected(Hang("dependancy"), ground, journal)
    with pytest.raises(UsageError, match='Did you mean "dependency"'), block:
        pass


def test_a_fault_that_went_away_too_early_is_no_evidence(
    edge: Edge, ground: Ground, journal: Journal
) -> None:
    block = injected(Hang(EDGE), ground, journal)
    with pytest.raises(CodeblueError, match="gone before its time"), block:
        edge.server.client.post("/reset")


@dataclass(frozen=True)
class Stubborn(Hang):
    """A hang that does not go away when it is told to."""

    def heal(self, ground: Ground, trace: Trace) -> None:
        pass


@dataclass(frozen=True)
class Clumsy(Hang):
    """A hang whose healing has a mistake in it, the first time."""

    failed: ClassVar[list[str]] = []

    def heal(self, ground: Ground, trace: Trace) -> None:
        if not self.failed:
            self.failed.append("once")
            raise KeyError("toxics")
        super().heal(ground, trace)


def test_a_fault_that_stays_is_journalled_and_an_error(
    edge: Edge, ground: Ground, journal: Journal
) -> None:
    with pytest.raises(UnhealedError) as caught, injected(Stubborn(EDGE), ground, journal):
        pass
    assert caught.value.exit_code == 4
    assert events(journal)[-1]["verified"] is False
    assert edge.works(), "the end of the lease heals what the fault did not"


@pytest.mark.parametrize("error", [KeyboardInterrupt, AssertionError, CodeblueError])
def test_a_fault_that_stays_outweighs_whatever_else_happened(
    edge: Edge, ground: Ground, journal: Journal, error: type[BaseException]
) -> None:
    with pytest.raises(UnhealedError), injected(Stubborn(EDGE), ground, journal):
        raise error


def test_a_fault_that_stays_is_an_error_also_when_it_cannot_be_journalled(
    edge: Edge, ground: Ground, journal: Journal
) -> None:
    with pytest.raises(UnhealedError), injected(Stubborn(EDGE), ground, journal):
        spoil(journal)


def spoil(journal: Journal) -> None:
    """Nothing can be written to it any more."""
    journal.run.events.unlink()
    journal.run.events.mkdir()


def test_a_fault_whose_code_fails_while_it_heals_is_tried_again(
    edge: Edge, ground: Ground, journal: Journal
) -> None:
    with injected(Clumsy(EDGE), ground, journal):
        pass
    assert edge.works()
    assert events(journal)[-1]["verified"] is True


def test_a_proxy_that_died_under_the_fault_is_unhealed(echo: Echo, journal: Journal) -> None:
    server = start()
    server.create(EDGE, echo.address)
    ground = Ground("o", server.url)
    with pytest.raises(CodeblueError), injected(Hang(EDGE), ground, journal):
        server.kill()
    assert events(journal)[-1]["verified"] is False


@pytest.mark.parametrize("fault", [Hang(EDGE), Refuse(EDGE)], ids=lambda fault: str(fault.type))
def test_an_edge_that_vanished_under_the_fault_is_unhealed(
    edge: Edge, ground: Ground, journal: Journal, fault: Fault
) -> None:
    with pytest.raises(UnhealedError, match="nobody can say"), injected(fault, ground, journal):
        edge.server.client.delete(f"/proxies/{EDGE}")
    assert events(journal)[-1]["kind"] == "fault-healed"
    assert events(journal)[-1]["verified"] is False


def test_heal_all_leaves_nothing(edge: Edge, ground: Ground, journal: Journal) -> None:
    for fault in (Hang(EDGE), Refuse(EDGE)):
        fault.inject(ground, fault.prepare(ground))
    edge.server.toxic(EDGE, "latency", latency=1000)
    heal_all(edge.url)
    assert edge.works()
    assert edge.toxics() == []
