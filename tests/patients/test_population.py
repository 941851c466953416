from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients import Population, load_population
from codeblue.patients.columns import BLOCK

NETWORK = load_population("regional-network")
INDEXES = st.integers(0, NETWORK.size - 1)


def age_on(day: date, born: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@given(INDEXES)
@settings(max_examples=40, deadline=None)
def test_a_patient_is_a_pure_function_of_the_seed_and_the_index(index: int) -> None:
    assert load_fresh().patient(index) == NETWORK.patient(index)


@given(INDEXES, INDEXES)
@settings(max_examples=40, deadline=None)
def test_no_two_patients_share_a_uuid_or_a_record_number(one: int, other: int) -> None:
    first, second = NETWORK.patient(one), NETWORK.patient(other)
    assert (first.uuid == second.uuid) == (one == other)
    assert (first.record_number == second.record_number) == (one == other)


@given(st.integers(1, 6).map(lambda block: block * BLOCK), st.integers(-40, 0), st.integers(1, 80))
@settings(max_examples=25, deadline=None)
def test_a_range_across_a_block_boundary_is_the_patients_one_by_one(
    boundary: int, offset: int, count: int
) -> None:
    start = boundary + offset
    together = list(NETWORK.patients(start, count))
    assert (
        together
        == [NETWORK.patient(index) for index in reversed(range(start, start + count))][::-1]
    )


@given(INDEXES)
@settings(max_examples=200, deadline=None)
def test_ages_dates_and_vital_signs_agree(index: int) -> None:
    patient = NETWORK.patient(index)
    assert patient.age == age_on(NETWORK.reference_date, patient.birth_date)
    assert patient.birth_date <= patient.measured_at.date() <= NETWORK.reference_date
    for sign in patient.vital_signs:
        row = next(
            row
            for row in NETWORK.tables.vital_signs
            if row.vital_sign == sign.name and row.low <= patient.age <= row.high
        )
        assert row.least <= sign.value <= row.most
        assert round(sign.value, row.decimals) == sign.value


def test_the_same_people_come_back_on_every_day_and_machine() -> None:
    patient = load_population("pilot-clinic").patient(0)
    assert patient.record_number == "C0000000"
    assert patient.uuid == "8b817dab-76f4-572f-abe7-72018b4198b3"
    assert (patient.gender, patient.birth_date) == ("female", date(1988, 5, 24))
    assert [sign.value for sign in patient.vital_signs] == [70.0, 97.0, 36.9]
    assert patient.measured_at == datetime(2025, 1, 3, 15, 21, tzinfo=UTC)


def test_names_hold_letters_beyond_ascii() -> None:
    assert any(not patient.family.isascii() for patient in NETWORK.patients(0, 500))


def test_institutions_get_their_shares() -> None:
    counted = [patient.institution for patient in NETWORK.patients(0, 8000)]
    for institution in NETWORK.institutions:
        assert counted.count(institution.name) / 8000 == pytest.approx(institution.share, abs=0.02)


def test_an_index_outside_the_population_is_refused() -> None:
    with pytest.raises(IndexError, match="has 100000 patients"):
        NETWORK.patient(NETWORK.size)
    with pytest.raises(IndexError):
        NETWORK.patient(-1)


def test_a_bundle_is_json_and_holds_each_patient_with_three_observations() -> None:
    bundle = NETWORK.bundle(5, 3)
    types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert types == ["Patient", "Observation", "Observation", "Observation"] * 3
    assert json.loads(json.dumps(bundle)) == bundle
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    for first in (0, 4, 8):
        for entry in bundle["entry"][first + 1 : first + 4]:
            assert entry["resource"]["subject"]["reference"] == urls[first]


def test_adt_details_can_be_given() -> None:
    message = NETWORK.adt(
        "A02",
        7,
        facility="riverside",
        visit="V-1",
        ward="ICU",
        at=datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC),
        control_id="C-1",
    )
    segments = [segment.split("|") for segment in message.split("\r")]
    assert (segments[0][3], segments[0][9]) == ("riverside", "C-1")
    assert segments[1][2] == "20250304050607"
    assert (segments[3][3], segments[3][19]) == ("ICU", "V-1")


def test_an_unknown_population_names_the_nearest() -> None:
    with pytest.raises(UsageError, match='Did you mean "pilot-clinic"'):
        load_population("pilot-clinc")


def test_a_workspace_overrides_what_is_built_in(tmp_path: Path) -> None:
    write_population(tmp_path, "size = 3\nseed = 1\nreference_date = 2024-02-29\n", "clinic")
    population = load_population("pilot-clinic", tmp_path)
    assert population.size == 3
    assert all(age_on(date(2024, 2, 29), p.birth_date) == p.age for p in population.patients())


@pytest.mark.parametrize(
    ("head", "profile", "line", "advice"),
    [
        ("size = 0\nseed = 1\nreference_date = 2025-06-01\n", "clinic", 1, "greater than 0"),
        ("size = 3\nreference_date = 2025-06-01\n", "clinic", 1, '"seed" is missing'),
        ("size = 3\nseed = 1\nreference_date = soon\n", "clinic", 3, "not valid TOML"),
        ("size = 3\nseeds = 1\nseed = 1\nreference_date = 2025-06-01\n", "clinic", 2, '"seed"'),
    ],
)
def test_a_mistake_in_a_population_is_located(
    tmp_path: Path, head: str, profile: str, line: int, advice: str
) -> None:
    write_population(tmp_path, head, profile)
    with pytest.raises(UsageError) as raised:
        load_population("pilot-clinic", tmp_path)
    assert f"pilot-clinic.toml:{line}: " in str(raised.value)
    assert advice in str(raised.value)


def test_an_unknown_profile_is_located(tmp_path: Path) -> None:
    write_population(tmp_path, "size = 3\nseed = 1\nreference_date = 2025-06-01\n", "clinik")
    with pytest.raises(UsageError, match=r'no "clinik".*Did you mean "clinic"'):
        load_population("pilot-clinic", tmp_path)


def test_a_mistake_in_an_institution_is_located_in_its_own_table(tmp_path: Path) -> None:
    head = "size = 3\nseed = 1\nreference_date = 2025-06-01\n"
    path = write_population(tmp_path, head, "clinic")
    path.write_text(
        path.read_text("utf-8")
        + '\n[[institutions]]\nname = "B"\nprofile = "clinic"\nshare = -1\n',
        "utf-8",
    )
    with pytest.raises(UsageError, match=r"pilot-clinic\.toml:13: .*greater than 0"):
        load_population("pilot-clinic", tmp_path)


def load_fresh() -> Population:
    return load_population("regional-network")


def write_population(workspace: Path, head: str, profile: str) -> Path:
    path = workspace / "synthetic_data" / "populations" / "pilot-clinic.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'{head}\n[[institutions]]\nname = "A"\nprofile = "{profile}"\nshare = 1\n', "utf-8"
    )
    return path
