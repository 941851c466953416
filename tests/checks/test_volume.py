"""Many patients and many records, in few requests."""

from __future__ import annotations

import httpx
import pytest

from codeblue.checks.volume import BUNDLE, add_pulses, fresh_patients

from .crowded import Address, Crowded, served


@pytest.mark.parametrize("count", [1, BUNDLE, BUNDLE + 1])
def test_as_many_patients_as_were_asked_for(count: int) -> None:
    hospital = Crowded()
    with served(Address(hospital)) as [url], httpx.Client(base_url=url) as client:
        ids = fresh_patients(client, count)
    assert sorted(ids) == sorted(hospital.resources)
    numbers = {each["identifier"][0]["value"] for each in hospital.resources.values()}
    assert len(numbers) == count


def test_as_many_records_as_were_asked_for_from_several_callers() -> None:
    hospital = Crowded()
    with served(Address(hospital)) as [url], httpx.Client(base_url=url) as client:
        add_pulses(client, "p", 3 * BUNDLE + 7, callers=3)
    held = hospital.observations("p")
    assert len(held) == len({each["effectiveDateTime"] for each in held}) == 3 * BUNDLE + 7


def test_a_platform_that_does_not_say_what_it_created_is_an_error() -> None:
    with served(Address(Crowded("silent"))) as [url], httpx.Client(base_url=url) as client:
        with pytest.raises(ValueError, match="2 patients were sent, 0 located"):
            fresh_patients(client, 2)
        with pytest.raises(httpx.HTTPStatusError):
            fresh_patients(httpx.Client(base_url=f"{url}/nowhere"), 2)
