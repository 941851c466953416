"""A chart that many want is made once, is the same everywhere, and does without its cache.

Harm: what one nurse has recorded is not in the chart that the next one opens; and when a whole ward
opens one chart, all of them ask the database for it at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.charts import desks, read_at_once, read_chart, read_in_turn, write_and_look
from codeblue.checks.confirm import confirmed
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.passage import passed
from codeblue.checks.volume import add_pulses
from codeblue.faults import Latency, Refuse, ground_of, injected
from codeblue.session import Session

TENANT = "riverside"
ORIGIN, CACHE = "gateway-records", "gateway-valkey"
LENGTH = 20  # observations in a chart: what else passes to the origin is little beside it
READERS, SLOW = 200, 100  # who ask at once, while the origin answers so many ms later
LOADS = 10  # a reader who has waited too long for another one's chart may make his own
STALE = 1.0  # seconds
READS, FAILED = 100, 0.01
ANSWERED = 0.5


@pytest.mark.check(
    id="chart-cache",
    risk="load",
    examines=["distributed_cache"],
    title="A chart that many want is made once, and is nowhere older than the last write",
)
def test_many_readers_of_a_chart(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Counted where charts come from: by the bytes of one chart that nobody has read before."""
    ward = client(TENANT)
    addresses = [platform.base_url, *platform.target.replicas]
    with desks(addresses, platform.headers(TENANT)) as at:
        with check.control():
            known, written = _long_chart(ward), _long_chart(ward)
            before = passed(platform.proxy_url, ORIGIN)
            assert read_chart(at[0], known) == httpx.codes.OK, "a chart was not answered"
            once = (passed(platform.proxy_url, ORIGIN) - before).bytes_down
            assert once, f"a chart was read, and nothing passed over {ORIGIN}"
        crowds: list[tuple[int, Counter[int]]] = []

        def everybody_asks() -> bool:
            wanted, before = _long_chart(ward), passed(platform.proxy_url, ORIGIN)
            with injected(Latency(ORIGIN, SLOW), ground_of(platform), platform.journal):
                answers = read_at_once(at, wanted, READERS)
            made = (passed(platform.proxy_url, ORIGIN) - before).bytes_down // once
            crowds.append((made, answers))
            return made > LOADS

        with check.stressor():
            crowded = confirmed(everybody_asks)
            stale = write_and_look(at, written, STALE)
            with injected(Refuse(CACHE), ground_of(platform), platform.journal):
                without = read_in_turn(at, [known, written], READS)
    failed = READS - without[httpx.codes.OK]
    made, answers = crowds[-1]
    broke = crowded or bool(stale) or failed > FAILED * READS
    if not broke and answers[httpx.codes.OK] < ANSWERED * READERS:
        check.inconclusive(f"of {READERS} readers at once too few were answered: {answers}")
    check.judge(
        broke=broke,
        measured=(
            f"{READERS} readers at once made {made} requests for the chart; it was older than the "
            f"last write after {STALE:g} s at {len(stale)} of {len(at)} addresses; "
            f"{failed} of {READS} reads failed without the cache"
        ),
        threshold=f"up to {LOADS} requests, 0 addresses, {FAILED:.0%} failed",
        evidence={
            "bytes of one request": once,
            "requests for a chart": [made for made, _ in crowds],
            "readers at once": {str(status): n for status, n in answers.items()},
            "without the cache": {str(status): n for status, n in without.items()},
        },
    )


def _long_chart(client: httpx.Client) -> str:
    patient = fresh_patient(client)
    add_pulses(client, patient, LENGTH)
    return patient
