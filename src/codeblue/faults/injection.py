"""Injecting a fault for a while, healing it whatever happens, and proving that it is healed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx

from codeblue.errors import CodeblueError, UnhealedError
from codeblue.faults.fault import Fault
from codeblue.faults.lease import Lease
from codeblue.faults.proxy_api import ProxyApi
from codeblue.journal import Journal

HEAL_SECONDS = 2.0
RETRY_SECONDS = 0.1
ANSWER_SECONDS = 5.0


@contextmanager
def injected(
    fault: Fault, proxy_url: str, journal: Journal, lease: Lease | None = None
) -> Iterator[None]:
    """Break an edge for the length of the block; without a `lease`, one is held for the block.

    Journals `fault-injected` and `fault-healed`. Raises UnhealedError when the proxy does not
    confirm within 2 s that the fault is gone, also when the whole edge is; CodeblueError when the
    fault was gone too early, because then the block did not run under it; and UsageError when the
    proxy has no such edge to begin with.
    """
    proxy = ProxyApi(proxy_url)
    with ExitStack() as stack:
        held = lease or stack.enter_context(Lease(proxy_url))
        if not held.supported:
            journal.event("warning", text=held.explanation)
        proxy.edge(fault.edge)  # an edge that never was is no fault to heal
        stack.callback(_heal, fault, proxy, held, journal)
        fault.inject(proxy, held)
        journal.event("fault-injected", **_named(fault, held), attributes=fault.attributes)
        yield
        _expect_in_place(fault, proxy, held)


def heal_all(proxy_url: str) -> None:
    """Heal everything on the proxy, whoever did it; raises UnhealedError when something is left."""
    proxy = ProxyApi(proxy_url)
    if not _try_until(lambda: _everything_healed(proxy), HEAL_SECONDS):
        raise UnhealedError(
            f"{proxy.url}: toxics or disabled edges are left after a reset. "
            "Restart the fault proxy before anything else is measured."
        )


def _heal(fault: Fault, proxy: ProxyApi, lease: Lease, journal: Journal) -> None:
    verified = _try_until(lambda: _healed(fault, proxy, lease), HEAL_SECONDS)
    journal.event("fault-healed", **_named(fault, lease), verified=verified)
    if not verified:
        raise UnhealedError(
            f"edge {fault.edge}: {fault.type} is still in place after {HEAL_SECONDS:g} s, or "
            f"{proxy.url} cannot say that it is not. Restart the fault proxy."
        )


def _healed(fault: Fault, proxy: ProxyApi, lease: Lease) -> bool:
    fault.heal(proxy, lease)
    return fault.healed(proxy, lease)


def _everything_healed(proxy: ProxyApi) -> bool:
    _end_leases(proxy.url)
    proxy.reset()
    return all(edge["enabled"] and not edge["toxics"] for edge in proxy.edges().values())


def _end_leases(proxy_url: str) -> None:
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            answer = client.get(f"{proxy_url}/leases")
            for owner in answer.json() if answer.is_success else ():
                client.delete(f"{proxy_url}/leases/{owner}")
        except httpx.HTTPError as error:
            raise CodeblueError(f"{proxy_url}: the fault proxy does not answer.") from error


def _try_until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether `done` comes true in time; an error of the proxy counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if done():
                return True
        except CodeblueError:
            pass
        if time.monotonic() >= deadline:
            return False
        time.sleep(RETRY_SECONDS)


def _expect_in_place(fault: Fault, proxy: ProxyApi, lease: Lease) -> None:
    if fault.healed(proxy, lease):
        raise CodeblueError(
            f"edge {fault.edge}: {fault.type} was gone before its time: somebody else healed it, "
            f"or this process was held up so long that the lease {lease.owner} expired. Run again."
        )


def _named(fault: Fault, lease: Lease) -> dict[str, str]:
    name = f"{lease.owner}/{fault.edge}/{fault.type}"
    return {"fault": name, "edge": fault.edge, "type": fault.type}
