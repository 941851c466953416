"""More is asked than a platform can do: it serves as many as ever, and lets nobody starve.

Harm: one hospital's flood is every hospital's outage, and nobody's allergies can be looked up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.burst import Sent, burst
from codeblue.checks.confirm import confirmed
from codeblue.checks.overload import Overload, overload, prompt_share
from codeblue.faults import Latency, ground_of, injected
from codeblue.load import LoadPlan, start_load
from codeblue.load.planning.plan import Stream
from codeblue.load.result import arrivals_of
from codeblue.session import Session

# The database answers as it does on a busy evening. So a request waits, and not a processor, and
# the knee is that of the platform on any machine.
SLOW = Latency("records-postgres", ms=40)
QUIET, NOISY = 12.0, 200.0  # arrivals per second
RISE, END = 1.0, 4.0  # seconds: the flood has risen, and is over
ASKING, PROBES = 1.5, 40  # one who looks at the answers comes then, and asks so often
PROMPT = 2.0  # seconds, after which whoever asked has gone
FAIR = 0.95  # share of the quiet hospital's requests that is served in time
KEPT = 0.5  # share of the knee's goodput
OVERLOADED = 2.0  # times the knee; with less nothing was examined
TRIES = 2  # floods, when it is the generator that could not keep up
BUSY = frozenset({429, 503})


@dataclass(frozen=True)
class Flood:
    """A flood, as the platform, the quiet hospital and those who were turned away saw it."""

    reason: str
    """Why it says nothing about the platform; empty when it does."""
    load: Overload
    quiet: float
    """Share of the quiet hospital's requests that was served in time."""
    refused: int
    """Of those who looked at the answers, how many were turned away."""
    curt: int
    """Of these, to how many it was not said when to come again."""

    @property
    def harmful(self) -> bool:
        """Whether it was worse than it may be."""
        return self.quiet < FAIR or self.load.kept < KEPT or self.curt > 0

    @property
    def measured(self) -> str:
        """What happened, for the report."""
        if not self.load.knee:
            return f"at {self.load.offered:.0f}/s: nobody at all was served in time"
        return (
            f"at {self.load.times:.1f} times the knee of {self.load.knee:.0f}/s: "
            f"{self.quiet:.0%} of the quiet hospital's requests in time, {self.load.kept:.0%} of "
            f"the knee's goodput, {self.curt} of {self.refused} turned away without Retry-After"
        )


@pytest.mark.check(
    id="noisy-neighbour",
    risk="load",
    examines=["admission_control"],
    title="A flood from one hospital is shed, and the other one does not notice",
)
def test_a_flood_is_shed_fairly(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """One hospital asks for more than the platform can do, beside another at its usual pace."""
    noisy, quiet, *_ = platform.target.tenants
    with check.control(), injected(SLOW, ground_of(platform), platform.journal):
        for tenant in (noisy, quiet):
            usual = burst(_questions(client(tenant), platform, tenant, round(QUIET)), over=1.0)
            served = sum(one.seconds < PROMPT and _status(one) == 200 for one in usual)
            assert served == len(usual), f"{served} of {len(usual)} served without a flood"
    floods: list[Flood] = []

    def harmful() -> bool:
        for _ in range(TRIES):
            floods.append(_flood(platform, client(noisy), noisy, quiet))
            if not floods[-1].reason:
                break
        return floods[-1].harmful

    with check.stressor(), injected(SLOW, ground_of(platform), platform.journal):
        broke = confirmed(harmful)
    last = floods[-1]
    if last.reason:
        check.inconclusive(last.reason)
    if not broke and last.load.times < OVERLOADED:
        check.inconclusive(f"{last.load.offered:.0f} requests/s were no flood: {last.measured}")
    check.judge(
        broke=broke,
        measured=last.measured,
        threshold=f"at least {FAIR:.0%}, at least {KEPT:.0%}, 0",
        evidence={"each time": [flood.reason or flood.measured for flood in floods]},
    )


def _flood(platform: Session, caller: httpx.Client, noisy: str, quiet: str) -> Flood:
    plan = _plan(noisy, quiet, platform.seed)
    with start_load(platform, plan) as load:
        time.sleep(ASKING)
        sent = burst(_questions(caller, platform, noisy, PROBES), over=1.0)
        result = load.wait()
    arrivals = arrivals_of(platform.run, plan.label)
    refusals = [one.answer for one in sent if one.answer is not None and _status(one) in BUSY]
    return Flood(
        reason=result.reason,
        load=overload(arrivals, (RISE, END), PROMPT),
        quiet=prompt_share(arrivals.of("quiet").between(RISE, END), PROMPT),
        refused=len(refusals),
        curt=sum("Retry-After" not in answer.headers for answer in refusals),
    )


def _plan(noisy: str, quiet: str, seed: int) -> LoadPlan:
    rising = ((0.0, 0.0), (RISE, 1.0), (END, 1.0))
    return LoadPlan(
        label=f"flood-{token_hex(2)}",
        journeys={
            "quiet": Stream(rate=QUIET, journey="allergy-check", tenant=quiet),
            "noisy": Stream(rate=NOISY, journey="allergy-check", tenant=noisy, shape=rising),
        },
        seconds=END,
        seed=seed,
        drain=PROMPT,
    )


def _questions(
    client: httpx.Client, platform: Session, tenant: str, count: int
) -> list[httpx.Request]:
    patients = platform.patients(tenant)
    paths = (f"/v1/patients/{patients[n % len(patients)]}/allergies" for n in range(count))
    return [client.build_request("GET", path) for path in paths]


def _status(sent: Sent) -> int:
    return sent.answer.status_code if sent.answer is not None else 0
