"""What all faults on edges have in common."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.faults import FAULTS, Ground, make
from codeblue.faults.edge.toxic_fault import TOXIPROXY_TYPES, ToxicFault
from codeblue.proxy.toxics import STAGES

from ..conftest import EDGE, Edge

EDGE_FAULTS = {name: fault for name, fault in FAULTS.items() if issubclass(fault, ToxicFault)}
REQUIRED = {"latency": {"ms": 20}, "bandwidth": {"kbps": 800}, "corrupt": {"rate": 10}}
REQUIRED |= {"loss": {"percent": 10}, "slow-close": {"ms": 20}}


def some(name: str, **arguments: int) -> ToxicFault:
    fault = make(name, EDGE, **REQUIRED.get(name, {}), **arguments)
    assert isinstance(fault, ToxicFault)
    return fault


def test_every_edge_fault_is_known_by_name() -> None:
    assert set(EDGE_FAULTS) == {
        *("bandwidth", "blackhole", "corrupt", "drip", "drop-answers", "hang", "http-status"),
        *("latency", "loss", "refuse", "reset", "slow-body", "slow-close"),
    }


@pytest.mark.parametrize("name", EDGE_FAULTS)
def test_it_injects_heals_and_says_so(name: str, edge: Edge, ground: Ground) -> None:
    fault = some(name)
    trace = fault.prepare(ground)
    assert edge.toxics() == []
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    fault.inject(ground, trace)
    assert not fault.healed(ground, trace)
    fault.heal(ground, trace)
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    assert edge.works()


@pytest.mark.parametrize("name", EDGE_FAULTS)
def test_its_attributes_make_it_again(name: str) -> None:
    for fault in (some(name), dataclasses.replace(some(name), percent=30)):
        assert make(name, fault.place, **fault.attributes) == fault
    if name != "loss":
        assert "percent" not in some(name).attributes


@pytest.mark.parametrize("name", EDGE_FAULTS)
def test_its_toxics_exist_and_their_values_can_be_meant(name: str) -> None:
    for fault in (some(name), dataclasses.replace(some(name), percent=30)):
        for poison in fault.poisons():
            assert set(poison.attributes) == set(STAGES[poison.type].units)
            assert STAGES[poison.type].check(poison.attributes) is None


@pytest.mark.parametrize("name", sorted(set(EDGE_FAULTS) - {"loss"}))
def test_a_share_of_the_connections_is_the_toxics_toxicity(
    name: str, edge: Edge, ground: Ground
) -> None:
    fault = some(name, percent=30)
    fault.inject(ground, trace := fault.prepare(ground))
    assert {toxic["toxicity"] for toxic in edge.toxics()} == {0.3}
    fault.heal(ground, trace)


@pytest.mark.parametrize("name", EDGE_FAULTS)
def test_a_real_toxiproxy_is_never_asked_for_what_it_does_not_know(
    name: str, ground: Ground
) -> None:
    fault = some(name)
    unleased = dataclasses.replace(ground, leased=False)
    unknown = {poison.type for poison in fault.poisons()} - TOXIPROXY_TYPES
    if not unknown:
        fault.prepare(unleased)
        return
    with pytest.raises(UsageError, match=f'no toxic "{unknown.pop()}".*--proxy embedded'):
        fault.prepare(unleased)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("latency", {"ms": 1, "percent": 0}, "percent is 0. Give 1 to 100."),
        ("hang", {"percent": 101}, "percent is 101. Give 1 to 100."),
        ("loss", {"percent": 0}, "percent is 0. Give 1 to 100."),
        ("bandwidth", {"kbps": 7}, "kbps is 7. Give 8 or more, or use hang"),
        ("corrupt", {"rate": 1_000_001}, "rate is 1000001. Give 1 to 1000000"),
        ("drip", {"size": 0}, "size is 0. Give the bytes of a piece"),
        ("slow-body", {"size": 0}, "size is 0. Give the bytes of a piece"),
        ("http-status", {"status": 100}, "status is 100. Give 200 to 599."),
    ],
)
def test_nonsense_is_refused_before_anything_is_broken(
    name: str, arguments: dict[str, int], sentence: str, edge: Edge, ground: Ground
) -> None:
    with pytest.raises(UsageError, match=sentence.replace(".", r"\.")):
        make(name, EDGE, **arguments).prepare(ground)
    assert edge.toxics() == []


def test_an_edge_that_is_not_there_is_named(ground: Ground) -> None:
    with pytest.raises(UsageError, match="edge nowhere"):
        make("hang", "nowhere").prepare(ground)


def test_the_reference_has_a_row_for_each_with_its_arguments() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "faults.md"
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \|", page.read_text(), re.MULTILINE))
    for name, fault in EDGE_FAULTS.items():
        own = [field for field in dataclasses.fields(fault)[1:] if field.name != "percent"]
        if name == "loss":
            own = list(dataclasses.fields(fault)[1:])
        for field in own:
            default = "" if field.default is dataclasses.MISSING else field.default
            assert f"`{field.name}`" in rows[name]
            assert f"({default})" in rows[name].replace("`", "") or default == ""
