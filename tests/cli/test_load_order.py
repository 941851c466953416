from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codeblue.cli import main
from codeblue.cli.load.address import address
from codeblue.cli.load.order import Order, ordered
from codeblue.errors import UsageError
from codeblue.faults import Latency, Refuse


def order(workspace: Path, profile: str = "calm", **more: Any) -> Order:
    given: dict[str, Any] = {"seed": 1, "workers": 1, "fault": None, "tenant": None, "bind": None}
    return ordered(workspace, profile, more.pop("platform", None), **{**given, **more})


def test_an_order_is_what_its_command_asks_for_again(notes: Path) -> None:
    first = order(
        notes,
        platform="forgetful",
        seed=5,
        workers=3,
        tenant="riverside",
        fault="client-gateway:latency:ms=5",
        bind=("10.0.0.5", 5557),
    )
    words = shlex.split(first.command)
    context = main.commands["load"].make_context("load", words[2:])
    assert words[:2] == ["codeblue", "load"]
    asked = context.params
    assert address(asked["bind"]) == first.bind
    assert asked["master"]
    again = order(
        notes,
        asked["profile"],
        bind=first.bind,
        **{name: asked[name] for name in ("platform", "seed", "workers", "tenant", "fault")},
    )
    assert again == first


def test_all_arrivals_are_for_the_tenant_that_is_named(notes: Path) -> None:
    assert order(notes).plan.journeys["note"].tenant is None
    assert order(notes, tenant="riverside").plan.journeys["note"].tenant == "riverside"


def test_a_fault_has_a_place_a_kind_and_numbers(notes: Path) -> None:
    assert order(notes, fault="client-gateway:refuse").fault == Refuse("client-gateway")
    found = order(notes, fault="client-gateway:latency:ms=300,jitter=20").fault
    assert found == Latency("client-gateway", 300, 20)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "--profile: not given. Choose one of `codeblue load --list`."),
        ("--profile clam", 'load profile "clam": there is none. Did you mean "calm"?'),
        ("--profile calm --tenant riversid", 'no such tenant. Did you mean "riverside"?'),
        ("--profile calm --fault client-gateway", "not a fault. Write EDGE:KIND"),
        ("--profile calm --fault gateway:hang", 'edge "gateway": codeblue.toml has no such edge'),
        ("--profile calm --fault client-gateway:hnag", 'no such type. Did you mean "hang"?'),
        ("--profile calm --fault client-gateway:latency:ms", '"ms" is not NAME=NUMBER'),
        ("--profile calm --fault client-gateway:latency", "ms is missing"),
        ("--profile calm --master --bind :80", 'address ":80": not one'),
        ("--profile limits --master", "limits is a search, which one machine does"),
        ("--worker", "of which master is not said. Add --master-host HOST[:PORT]."),
        ("--worker --master-host 10.0.0.5", "no load waits for workers"),
        ("--profile stray", 'load stray: no journey "nota". Did you mean "note"?'),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_started(
    notes: Path, monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    (notes / "scenarios" / "load" / "stray.toml").write_text("seconds = 1\njourneys = {nota = 1}\n")
    monkeypatch.chdir(notes)
    done = CliRunner().invoke(main, ["load", *words.split()])
    assert done.exit_code == 2, done.output
    assert sentence in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (notes / ".codeblue").exists()


def test_a_target_without_tenants_has_nobody_to_act_for(notes: Path) -> None:
    toml = notes / "codeblue.toml"
    tenants, _, rest = toml.read_text().partition("[tenants.riverside]")
    toml.write_text(tenants + rest[rest.index("[edges") :])
    with pytest.raises(UsageError, match=r"no \[tenants.NAME\] section"):
        order(notes)


@pytest.mark.parametrize("text", ["", ":1", "host:", "host:0", "host:x", "host:70000", "a:1:2"])
def test_an_address_is_a_host_and_maybe_a_port(text: str) -> None:
    assert address("host") == ("host", 5557)
    assert address("10.0.0.5:80") == ("10.0.0.5", 80)
    with pytest.raises(UsageError, match="not one"):
        address(text)


def test_the_list_shows_every_profile_once(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(notes)
    done = CliRunner().invoke(main, ["load", "--list"])
    assert done.exit_code == 0, done.output
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert names == sorted(set(names))
    assert {"calm", "spike", "limits", "pilot"} <= set(names)
    # The workspace's own comes before the built-in one of that name.
    [spike] = [line for line in done.stdout.splitlines() if line.startswith("spike")]
    assert spike.split(maxsplit=3)[1:] == ["120", "6", "Three times as many for a second"]
