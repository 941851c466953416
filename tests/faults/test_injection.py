"""A fault for the length of a block."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.faults import (
    FAULTS,
    Fault,
    Hang,
    Latency,
    Lease,
    ProxyApi,
    Refuse,
    heal_all,
    injected,
    make,
)
from codeblue.journal import Journal

from ..proxy.conftest import Echo, start
from .conftest import EDGE, Edge, events


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_the_journal_tells_when_it_was_there(edge: Edge, journal: Journal, name: str) -> None:
    fault = make(name, EDGE, **({"ms": 900} if name == "latency" else {}))
    with injected(fault, edge.url, journal):
        assert not edge.works()
    assert edge.works()
    first, last = events(journal)
    assert (first["kind"], last["kind"]) == ("fault-injected", "fault-healed")
    assert first["fault"] == last["fault"]
    assert (first["edge"], first["type"], first["attributes"]) == (EDGE, name, fault.attributes)
    assert last["verified"] is True


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_heals_however_the_block_ends(
    edge: Edge, journal: Journal, error: type[BaseException]
) -> None:
    with (
        pytest.raises(error),
        Lease(edge.url) as lease,
        injected(Hang(EDGE), edge.url, journal, lease),
    ):
        raise error
    assert edge.works()
    assert events(journal)[-1]["verified"] is True


def test_faults_nest(edge: Edge, journal: Journal) -> None:
    with Lease(edge.url) as lease, injected(Latency(EDGE, ms=5), edge.url, journal, lease):
        with injected(Refuse(EDGE), edge.url, journal, lease):
            assert not edge.works()
        assert edge.works()
        assert len(edge.toxics()) == 1
    assert edge.toxics() == []


def test_an_unknown_edge_is_a_usage_error_with_the_nearest_name(
    edge: Edge, journal: Journal
) -> None:
    block = injected(Hang("dependancy"), edge.url, journal)
    with pytest.raises(UsageError, match='Did you mean "dependency"'), block:
        pass


def test_a_fault_that_went_away_too_early_is_no_evidence(edge: Edge, journal: Journal) -> None:
    block = injected(Hang(EDGE), edge.url, journal)
    with pytest.raises(CodeblueError, match="gone before its time"), block:
        edge.server.client.post("/reset")


@dataclass(frozen=True)
class Stubborn(Hang):
    """A hang that does not go away when it is told to."""

    def heal(self, proxy: ProxyApi, lease: Lease) -> None:
        pass


def test_a_fault_that_stays_is_journalled_and_an_error(edge: Edge, journal: Journal) -> None:
    with pytest.raises(UnhealedError) as caught, injected(Stubborn(EDGE), edge.url, journal):
        pass
    assert caught.value.exit_code == 4
    assert events(journal)[-1]["verified"] is False
    assert edge.works(), "the end of the lease heals what the fault did not"


def test_a_proxy_that_died_under_the_fault_is_unhealed(echo: Echo, journal: Journal) -> None:
    server = start()
    server.create(EDGE, echo.address)
    with pytest.raises(CodeblueError), injected(Hang(EDGE), server.url, journal):
        server.kill()
    assert events(journal)[-1]["verified"] is False


@pytest.mark.parametrize("fault", [Hang(EDGE), Refuse(EDGE)], ids=lambda fault: str(fault.type))
def test_an_edge_that_vanished_under_the_fault_is_unhealed(
    edge: Edge, journal: Journal, fault: Fault
) -> None:
    with pytest.raises(UnhealedError, match="cannot say"), injected(fault, edge.url, journal):
        edge.server.client.delete(f"/proxies/{EDGE}")
    assert events(journal)[-1]["kind"] == "fault-healed"
    assert events(journal)[-1]["verified"] is False


def test_heal_all_leaves_nothing(edge: Edge, journal: Journal) -> None:
    proxy = ProxyApi(edge.url)
    with Lease(edge.url) as lease:
        Hang(EDGE).inject(proxy, lease)
        Refuse(EDGE).inject(proxy, lease)
        edge.server.toxic(EDGE, "latency", latency=1000)
        heal_all(edge.url)
        assert edge.works()
        assert edge.toxics() == []
