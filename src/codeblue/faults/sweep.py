"""Healing everything at once: whatever any run left on record, and whatever stands on a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codeblue.errors import UnhealedError
from codeblue.faults.edge.proxy_api import ProxyApi
from codeblue.faults.ground import Surroundings
from codeblue.faults.healing import (
    HEAL_SECONDS,
    Outcome,
    healed_for_another,
    in_parallel,
    reason,
    until,
    write_down,
)
from codeblue.faults.record import Record, StandingFault

_DISABLED = "disabled"

# Edge, type and name of a toxic; a disabled edge is one, too.
_Toxic = tuple[str, str, str]


def panic(session: Surroundings) -> list[Outcome]:
    """Clear everything of ``session``: what its run has on record, and its whole proxy.

    For Ctrl-C and for the key that ends a game day; callable from any thread. Whoever holds one of
    the faults finds it gone before its time.

    Raises:
        UnhealedError: something is left.
    """
    outcomes = sweep([session.run.path], [session.proxy_url] if session.proxy_url else [])
    _require_healed(outcomes)
    return outcomes


def heal_all(proxy_url: str) -> None:
    """Heal everything on the proxy, whoever did it; raises UnhealedError when something is left."""
    _require_healed(clear(proxy_url))


def sweep(runs: Iterable[Path], proxies: Sequence[str], by: str = "panic") -> list[Outcome]:
    """Heal what stands in the records of ``runs`` and on ``proxies``, all at the same time."""
    standing = [fault for run in runs for fault in Record(run).standing()]
    jobs: list[Callable[[], list[Outcome]]] = [partial(clear, url) for url in proxies]
    jobs += [partial(_mended, fault, by) for fault in standing]
    found = [outcome for outcomes in in_parallel(_done, jobs) for outcome in outcomes]
    # What stands on record is healed there as well, and need not be told twice.
    twice = {key for fault in standing for key in _toxics(fault)}
    return [
        each
        for each in found
        if each.owner or not each.healed or (each.place, each.name) not in twice
    ]


def clear(proxy_url: str, seconds: float = HEAL_SECONDS) -> list[Outcome]:
    """Take everything off a proxy, whoever put it there; says what that was, and what is left.

    Leases end, toxics go, disabled edges listen again.
    """
    proxy = ProxyApi(proxy_url)
    before: set[_Toxic] = set()
    left: set[_Toxic] = set()

    def done() -> bool:
        found = _standing(proxy.edges())
        before.update(found)
        left.update(found)
        for owner in proxy.leases():
            proxy.end_lease(owner)
        proxy.reset()
        left.intersection_update(_standing(proxy.edges()))
        return not left

    errors: list[Exception] = []
    if not until(done, seconds, errors) and not left:
        return [Outcome(proxy.url, "fault proxy", healed=False, why=reason(errors))]
    return [
        Outcome(edge, type, healed=(edge, type, name) not in left, name=name)
        for edge, type, name in sorted(before)  # noqa: A001 - Toxiproxy's word
    ]


def _done(job: Callable[[], list[Outcome]]) -> list[Outcome]:
    return job()


def _mended(standing: StandingFault, by: str) -> list[Outcome]:
    outcome = healed_for_another(standing)
    write_down(standing, outcome, by=by, because="somebody asked for it")
    return [outcome]


def _require_healed(outcomes: Sequence[Outcome]) -> None:
    left = [f"{each.place}: {each.type}" for each in outcomes if not each.healed]
    if left:
        raise UnhealedError(
            f"{', '.join(left)}: still in place, or nobody can say that it is not. Restart the "
            "fault proxy and the platform before anything else is measured."
        )


def _standing(edges: dict[str, dict[str, Any]]) -> set[_Toxic]:
    closed = {(name, _DISABLED, _DISABLED) for name, edge in edges.items() if not edge["enabled"]}
    return closed | {
        (name, toxic["type"], toxic["name"])
        for name, edge in edges.items()
        for toxic in edge["toxics"]
    }


def _toxics(standing: StandingFault) -> list[tuple[str, str]]:
    """What ``standing`` may be on its proxy, as edge and name."""
    disabled = [_DISABLED] if standing.type == "refuse" else []
    return [(standing.place, name) for name in [*disabled, *standing.trace.get("toxics", ())]]
