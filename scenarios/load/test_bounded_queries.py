"""What a list costs when it has become long: as much as before, or more from month to month.

Harm: the patients with the longest records are the sickest, and theirs are the last to open.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.confirm import confirmed
from codeblue.checks.fresh import FHIR, created, fresh_patient
from codeblue.checks.paging import (
    largest_page,
    observations,
    quickest,
    read_page,
    relative_cost,
)
from codeblue.checks.volume import add_pulses, pulse
from codeblue.faults import Latency, ground_of, injected
from codeblue.session import Session

DATABASE = "records-postgres"
ROWS, ASKED, BOUND = 1_200, 10_000, 1_000  # no page of a server that has a limit holds more
FEW, MANY, TIMES = 5, 50, 4  # rows on a page, and how often it is read
DISTANCE = 10  # ms between the platform and its database
TRIPS = 0.2  # to the database per row; one more for some rows is not one more for each
PAGE = 20
MORE, WRITERS = 20_000, 2
READS, GROWTH = 40, 1.5


@pytest.mark.check(
    id="long-lists",
    risk="load",
    examines=["bounded_queries"],
    title="A page of a long list has a limit, is read at once, and keeps its place",
)
def test_pages_of_a_long_list(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """The database is moved further away, so that whoever asks it row by row is slow by rows."""
    ward = client()
    with check.control():
        patient = fresh_patient(ward)
        add_pulses(ward, patient, ROWS)
        held = [len(read_page(ward, observations(patient, size)).ids) for size in (FEW, MANY)]
        assert held == [FEW, MANY], f"pages that were to hold {FEW} and {MANY} held {held}"
    with check.stressor():
        with injected(Latency(DATABASE, DISTANCE), ground_of(platform), platform.journal):
            small = quickest(ward, observations(patient, FEW), TIMES)
            large = quickest(ward, observations(patient, MANY), TIMES)
        trips = (large - small) * 1000 / DISTANCE / (MANY - FEW)
        largest = largest_page(ward, patient, ASKED)
        first = read_page(ward, observations(patient, PAGE))
        created(ward.post(f"{FHIR}/Observation", json=pulse(patient)))
        assert first.following, f"no page follows the first of {ROWS} rows"
        repeated = len(set(first.ids) & set(read_page(ward, first.following).ids))
    check.judge(
        broke=trips > TRIPS or largest > BOUND or repeated > 0,
        measured=(
            f"{max(trips, 0):.2f} trips to the database for each row of a page; "
            f"a page that was asked for {ASKED} rows held {largest} of {ROWS}; after a write "
            f"{repeated} of {PAGE} rows of a page came again on the next one"
        ),
        threshold=f"up to {TRIPS:g} trips, {BOUND} rows, 0 again",
        evidence={
            f"ms of a page of {FEW} and of {MANY} rows, the database {DISTANCE} ms away": [
                round(small * 1000), round(large * 1000)
            ],
        },
    )  # fmt: skip


@pytest.mark.check(
    id="data-growth",
    risk="load",
    examines=["bounded_queries"],
    suite="full",
    title="A search takes no longer because others have more data",
)
def test_a_search_as_the_data_grows(check: Check, client: Callable[..., httpx.Client]) -> None:
    """A patient without a record is searched for, beside a read by id, before and after."""
    ward = client()
    with check.control():
        nobody, somebody = fresh_patient(ward), fresh_patient(ward)
        search, read = observations(nobody, 1), f"{FHIR}/Patient/{nobody}"
        before = relative_cost(ward, search, read, READS)
    costs: list[float] = []

    def grown() -> bool:
        costs.append(relative_cost(ward, search, read, READS))
        return costs[-1] > GROWTH * before

    with check.stressor():
        add_pulses(ward, somebody, MORE, WRITERS)
    with check.oracle():
        broke = confirmed(grown)
    check.judge(
        broke=broke,
        measured=(
            f"a search that finds nothing took {before:.2f} times as long as a read by id, and "
            f"{costs[-1]:.2f} times after {MORE} records of somebody else"
        ),
        threshold=f"up to {GROWTH:g} times what it was",
        evidence={"growth": [round(cost / before, 2) for cost in costs]},
    )
