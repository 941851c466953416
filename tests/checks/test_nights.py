"""Nights: a ward that waits for the batch is told from one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from codeblue.checks.nights import Hospital

from .crowded import BILLING, Address, Crowded, served

RATE, CALM, PATIENCE = 40.0, 0.3, 5.0
PATIENTS = [f"p{n}" for n in range(12)]


@contextmanager
def hospital_that(*habits: str) -> Iterator[Hospital]:
    with served(Address(Crowded(*habits))) as [url], httpx.Client(base_url=url) as client:
        yield Hospital(client, client, PATIENTS)


def test_everybody_owes_and_everybody_is_billed() -> None:
    with hospital_that() as hospital:
        hospital.owe()
        night = hospital.night(RATE, CALM, PATIENCE)
    assert night.accounts == len(PATIENTS)
    assert night.refused == 0
    assert night.seconds >= BILLING
    assert night.lateness >= 0


def test_a_ward_that_waits_for_the_batch_is_seen_to_wait() -> None:
    with hospital_that("locked") as hospital:
        locked = hospital.night(RATE, CALM, PATIENCE)
    with hospital_that() as hospital:
        free = hospital.night(RATE, CALM, PATIENCE)
    assert locked.held > 0.3
    assert locked.slower > 2 * free.slower


def test_orders_that_are_not_accepted_are_no_calm() -> None:
    with hospital_that("refusing") as hospital:
        with pytest.raises(ValueError, match=r"orders were answered \[503\]"):
            hospital.owe()
        with pytest.raises(ValueError, match="orders were not accepted"):
            hospital.night(RATE, CALM, PATIENCE)


def test_a_run_that_does_not_end_is_an_error() -> None:
    told = r"the billing run is running after 0\.2 s"
    with hospital_that("stuck") as hospital, pytest.raises(ValueError, match=told):
        hospital.night(RATE, CALM, patience=0.2)
