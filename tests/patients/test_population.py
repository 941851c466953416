from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients import Population, load_population
from codeblue.patients.population import CHUNK
from codeblue.patients.population_files import LARGEST

NETWORK = load_population("regional-network")
INDEXES = st.integers(0, NETWORK.size - 1)
HEAD = "size = 3\nseed = 1\nreference_date = 2025-06-01\n"


def age_on(day: date, born: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@given(INDEXES)
@settings(max_examples=20, deadline=None)
def test_a_patient_is_a_pure_function_of_the_seed_and_the_index(index: int) -> None:
    assert load_fresh().patient(index) == NETWORK.patient(index)


@given(INDEXES, INDEXES)
@settings(max_examples=40, deadline=None)
def test_no_two_patients_share_a_uuid_or_a_record_number(one: int, other: int) -> None:
    first, second = NETWORK.patient(one), NETWORK.patient(other)
    assert (first.uuid == second.uuid) == (one == other)
    same_number = (first.institution, first.record_number) == (
        second.institution,
        second.record_number,
    )
    assert same_number == (one == other)


@given(st.integers(1, 6).map(lambda chunk: chunk * CHUNK), st.integers(-40, 0), st.integers(1, 80))
@settings(max_examples=15, deadline=None)
def test_a_range_across_a_boundary_is_the_patients_one_by_one(
    boundary: int, offset: int, count: int
) -> None:
    start = boundary + offset
    together = list(NETWORK.patients(start, count))
    assert (
        together
        == [NETWORK.patient(index) for index in reversed(range(start, start + count))][::-1]
    )


@given(INDEXES)
@settings(max_examples=100, deadline=None)
def test_ages_dates_and_measurements_agree(index: int) -> None:
    patient = NETWORK.patient(index)
    assert patient.age == age_on(NETWORK.reference_date, patient.birth_date)
    assert (patient.measured_at is None) == (patient.measurements == ())
    if patient.measured_at is not None:
        assert patient.birth_date <= patient.measured_at.date() <= NETWORK.reference_date
        assert [found.name for found in patient.measurements] == list(
            NETWORK.tables.measurement_names
        )
    for found in patient.measurements:
        assert round(found.value, found.decimals) == found.value


def test_the_same_people_come_back_on_every_day_and_machine() -> None:
    patient = load_population("pilot-clinic").patient(1)
    assert (patient.given, patient.middle, patient.family) == ("Lorenzo", "Randall", "Graves")
    assert (patient.gender, patient.birth_date) == ("male", date(1979, 12, 1))
    assert (patient.street, patient.city, patient.state) == ("1180 Graves Rue", "West Jesus", "OK")
    assert patient.conditions == ("diabetes", "hypertension")
    assert patient.medications == ("metformin",)
    assert [found.value for found in patient.measurements] == [
        *(68, 16, 96, 36.3, 113, 79, 65.5, 176.1, 122, 6.5, 1.04)
    ]


def test_patients_are_measured_at_the_last_visit_that_they_came_to() -> None:
    surge = load_population("surge")
    persons = surge.persons(0, 400)
    kept = [surge.visit(persons, number).kept for number in (0, 1)]
    taken = [surge.measurements(persons, number).taken_at for number in (0, 1)]
    counted: Counter[int | None] = Counter()
    for row, patient in enumerate(surge.patients(0, 400)):
        last = 1 if kept[1][row] else 0 if kept[0][row] else None
        counted[last] += 1
        expected = None if last is None else taken[last][row].item().replace(tzinfo=UTC)
        assert patient.measured_at == expected
    assert min(counted[0], counted[1], counted[None]) > 0


def test_names_hold_letters_beyond_ascii() -> None:
    assert any(not patient.family.isascii() for patient in NETWORK.patients(0, 500))


def test_a_larger_population_begins_with_the_same_persons() -> None:
    larger = load_population("regional-network", size=LARGEST)
    assert larger.size == LARGEST
    assert larger.patient(99_999) == NETWORK.patient(99_999)
    assert larger.patient(LARGEST - 1).index == LARGEST - 1


def test_another_seed_makes_other_people() -> None:
    other = load_population("regional-network", seed=5)
    assert other.seed == 5
    assert other.patient(0).uuid != NETWORK.patient(0).uuid


def test_an_index_outside_the_population_is_refused() -> None:
    with pytest.raises(IndexError, match="has 100000 patients"):
        NETWORK.patient(NETWORK.size)
    with pytest.raises(IndexError):
        NETWORK.patient(-1)


@pytest.mark.parametrize(
    ("seed", "size", "advice"),
    [(-1, None, "seed: -1"), (2**63, None, "seed: "), (None, 0, "size: 0"), (None, 2**41, "size")],
)
def test_a_seed_or_size_out_of_range_is_refused(
    seed: int | None, size: int | None, advice: str
) -> None:
    with pytest.raises(UsageError, match=advice):
        load_population("pilot-clinic", seed=seed, size=size)


def test_a_bundle_is_json_and_tells_of_one_patient_after_the_other() -> None:
    bundle = NETWORK.bundle(5, 3)
    assert json.loads(json.dumps(bundle)) == bundle
    entries = bundle["entry"]
    patients = [
        entry["fullUrl"] for entry in entries if entry["resource"]["resourceType"] == "Patient"
    ]
    urls = [entry["fullUrl"] for entry in entries]
    assert len(patients) == 3
    assert len(set(urls)) == len(urls)
    of = ""
    for entry in entries:
        resource = entry["resource"]
        assert "id" not in resource
        assert entry["request"] == {"method": "POST", "url": resource["resourceType"]}
        if resource["resourceType"] == "Patient":
            of = entry["fullUrl"]
        elif resource["resourceType"] == "Observation":
            assert resource["subject"]["reference"] == of


def test_observations_are_about_whom_they_are_asked_for() -> None:
    index = next(patient.index for patient in NETWORK.patients() if patient.measurements)
    observations = NETWORK.fhir_observations(index, "Patient/17")
    assert len(observations) == 10
    assert {found["subject"]["reference"] for found in observations} == {"Patient/17"}
    assert NETWORK.fhir_patient(index)["resourceType"] == "Patient"


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
    assert segments[3][19] == "V-1"


def test_an_unknown_population_names_the_nearest() -> None:
    with pytest.raises(UsageError, match='Did you mean "pilot-clinic"'):
        load_population("pilot-clinc")


def test_a_workspace_overrides_what_is_built_in(tmp_path: Path) -> None:
    write_population(tmp_path, "size = 3\nseed = 1\nreference_date = 2024-02-29\n", "clinic")
    population = load_population("pilot-clinic", tmp_path)
    assert population.size == 3
    assert all(age_on(date(2024, 2, 29), p.birth_date) == p.age for p in population.patients())


def test_a_population_can_be_named_by_its_path(tmp_path: Path) -> None:
    path = write_population(tmp_path, HEAD, "clinic").rename(tmp_path / "mine.toml")
    population = load_population(str(path))
    assert (population.name, population.size) == ("mine", 3)
    with pytest.raises(UsageError, match=r"absent\.toml: cannot be read"):
        load_population(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    ("head", "profile", "line", "advice"),
    [
        ("size = 0\nseed = 1\nreference_date = 2025-06-01\n", "clinic", 1, "greater than 0"),
        ("size = 3\nreference_date = 2025-06-01\n", "clinic", 1, '"seed" is missing'),
        ("size = 3\nseed = 1\nreference_date = soon\n", "clinic", 3, "not valid TOML"),
        ("size = 3\nseed = 1\nreference_date = 1850-01-01\n", "clinic", 3, "greater than"),
        ("size = 3\nseeds = 1\nseed = 1\nreference_date = 2025-06-01\n", "clinic", 2, '"seed"'),
        (f"{HEAD}shared = 2\n", "clinic", 4, "less than or equal to 1"),
        (f"{HEAD}visits = 0\n", "clinic", 4, "greater than or equal to 1"),
        (f"{HEAD}mess = 'much'\n", "clinic", 4, "'much'"),
        (HEAD, "clinik", 7, 'no "clinik". Did you mean "clinic"?'),
        (f"{HEAD}[[surges]]\nworkflow = 'telehelth'\n", "clinic", 5, "'telehelth'"),
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


@pytest.mark.parametrize(
    ("second", "line", "advice"),
    [
        ('name = "B"\nprofile = "clinic"\nshare = -1', 13, "greater than 0"),
        ('name = "a"\nprofile = "clinic"\nshare = 1', 11, "Choose another name"),
        ('name = "--"\nprofile = "clinic"\nshare = 1', 11, "pattern"),
        ('name = "B|C"\nprofile = "clinic"\nshare = 1', 11, "pattern"),
    ],
)
def test_a_mistake_in_an_institution_is_located_in_its_own_table(
    tmp_path: Path, second: str, line: int, advice: str
) -> None:
    path = write_population(tmp_path, HEAD, "clinic")
    path.write_text(f"{path.read_text('utf-8')}\n[[institutions]]\n{second}\n", "utf-8")
    with pytest.raises(UsageError) as raised:
        load_population("pilot-clinic", tmp_path)
    assert f"pilot-clinic.toml:{line}: " in str(raised.value)
    assert advice in str(raised.value)


def load_fresh() -> Population:
    return load_population("regional-network")


def write_population(workspace: Path, head: str, profile: str) -> Path:
    path = workspace / "synthetic_data" / "populations" / "pilot-clinic.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'{head}\n[[institutions]]\nname = "A"\nprofile = "{profile}"\nshare = 1\n', "utf-8"
    )
    return path
