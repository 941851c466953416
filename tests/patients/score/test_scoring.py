from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients.dirt import Label
from codeblue.patients.score import Score, score

Resource = dict[str, Any]
Export = Callable[[Iterable[Resource]], Path]
EXPECTED = {
    *("missing-identifier", "name-typo", "swapped-names", "sex-code", "mixed-date-format"),
    *("birth-date-slip", "future-date", "clock-skew", "impossible-value", "mojibake"),
    *("wrong-code", "retired-code", "wrong-patient", "orphan-reference"),
}


def test_a_platform_that_keeps_everything_catches_nothing(
    sent: Path, dirty: list[Resource], export: Export
) -> None:
    made = score(sent, [export(dirty)])
    assert set(made.kinds) >= EXPECTED
    for name, tally in made.kinds.items():
        assert (tally.recall, tally.precision) == (0, None), name
        assert tally.sent == tally.kept > 0
        assert tally.false_alarms == 0
    for pairs in (made.within, made.across):
        assert pairs.true > 0
        assert (pairs.recall, pairs.precision) == (0, None)


def test_a_perfect_platform_catches_all_and_nothing_else(
    sent: Path, clean: list[Resource], export: Export
) -> None:
    made = score(sent, [export(merged(sent, clean))])
    assert set(made.kinds) >= EXPECTED
    for name, tally in made.kinds.items():
        assert (tally.recall, tally.precision) == (1, 1), name
        assert tally.corrected == tally.sent
    for pairs in (made.within, made.across):
        assert (pairs.recall, pairs.precision) == (1, 1)


@given(st.sets(st.integers(0, 30)), st.integers(1, 31))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_refused_counts_for_dirt_and_against_clean_records(
    sent: Path,
    dirty: list[Resource],
    labels: list[Label],
    export: Export,
    refused: set[int],
    modulus: int,
) -> None:
    kept = [one for number, one in enumerate(dirty) if number % modulus not in refused]
    if not kept:
        return
    made = score(sent, [export(kept)])
    ids = {str(resource["id"]) for resource in kept}
    types = {str(resource["resourceType"]) for resource in kept}
    spoiled = records_by_kind(labels, types)
    dirty_ids = {label.record for label in labels}
    lost = {str(one["id"]) for one in dirty if str(one["resourceType"]) == "Patient"} - ids
    for name, tally in made.kinds.items():
        assert tally.sent == len(spoiled[name])
        assert tally.refused == len(spoiled[name] - ids)
        assert tally.corrected == 0
    if "Patient" in types:
        # The sex has a place in Patients only, so only clean Patients can be false alarms.
        assert made.kinds["sex-code"].false_alarms == len(lost - dirty_ids)


def test_a_field_left_out_is_dirt_refused(
    sent: Path, dirty: list[Resource], labels: list[Label], export: Export
) -> None:
    spoiled = {label.record for label in labels if label.kind == "impossible-value"}
    kept = deepcopy([one for one in dirty if one["resourceType"] == "Observation"])
    for observation in kept:
        if observation["id"] in spoiled:
            for part in (observation, *observation.get("component", ())):
                part.pop("valueQuantity", None)
    made = score(sent, [export(kept)]).kinds["impossible-value"]
    assert made.refused == made.sent == len(spoiled)


def test_a_clean_field_that_is_altered_is_a_false_alarm(
    sent: Path, dirty: list[Resource], labels: list[Label], export: Export
) -> None:
    kept = deepcopy(dirty)
    spoiled = {label.record for label in labels}
    victim = next(
        one for one in kept if one["resourceType"] == "Patient" and one["id"] not in spoiled
    )
    victim["gender"] = "unknown"
    made = score(sent, [export(kept)])
    alarms = {name: tally.false_alarms for name, tally in made.kinds.items() if tally.false_alarms}
    assert alarms == {"sex-code": 1}
    assert made.kinds["sex-code"].precision == 0


def test_the_same_said_in_another_way_is_no_alteration(
    sent: Path, clean: list[Resource], export: Export
) -> None:
    kept = deepcopy(clean)
    for one in kept:
        if "valueQuantity" in one:
            one["valueQuantity"]["value"] = float(one["valueQuantity"]["value"])
            if one["valueQuantity"]["code"] == "kg":
                pounds = round(one["valueQuantity"]["value"] / 0.45359237, 1)
                one["valueQuantity"] |= {"value": pounds, "code": "[lb_av]"}
        if one.get("effectiveDateTime", "").endswith("Z"):
            one["effectiveDateTime"] = one["effectiveDateTime"].replace("Z", "+00:00")
    made = score(sent, [export(kept)])
    assert all(tally.precision == 1 for tally in made.kinds.values())


def test_records_are_found_although_the_server_gave_them_ids_of_its_own(
    sent: Path, dirty: list[Resource], export: Export
) -> None:
    ids = {str(one["id"]): f"server-{number}" for number, one in enumerate(dirty)}
    kept = deepcopy(dirty)
    for one in kept:
        one["id"] = ids[one["id"]]
        patient = one.get("subject", {}).get("reference", "").rpartition("/")[2]
        if patient in ids:
            one["subject"]["reference"] = f"Patient/{ids[patient]}"
    made = score(sent, [export(kept)])
    found = {kind: kept / sent for kind, (sent, kept) in made.records.items()}
    assert found["Patient"] > 0.99
    assert found["Observation"] > 0.97
    assert all(tally.recall is not None and tally.recall < 0.1 for tally in made.kinds.values())
    assert made.kinds["sex-code"].recall == 0


def test_merged_patients_are_pairs(sent: Path, dirty: list[Resource], export: Export) -> None:
    """One Patient that has the identifiers of two: rightly of one person, or of two persons."""
    from pyarrow import parquet

    rows = parquet.read_table(sent / "truth" / "linkage.00000.parquet").to_pylist()
    twin = next(row for row in rows if row["copy"] == 2)
    home = next(row for row in rows if row["person"] == twin["person"] and row["copy"] == 0)
    other = next(row for row in rows if row["person"] != twin["person"])
    patients = {one["id"]: one for one in deepcopy(dirty) if one["resourceType"] == "Patient"}
    for row in (home, other):
        patients[row["record"]]["identifier"][0]["value"] = row["record_number"]
        for gone in [twin] if row is home else []:
            patients.pop(gone["record"])
    system = patients[home["record"]]["identifier"][0]["system"]
    patients[home["record"]]["identifier"].append(
        {"system": system, "value": twin["record_number"]}
    )
    if other["record"] in patients:
        patients[other["record"]]["link"] = [
            {"type": "seealso", "other": {"reference": f"Patient/{home['record']}"}}
        ]
    made = score(sent, [export(patients.values())])
    both = (made.within.merged + made.across.merged, made.within.rightly + made.across.rightly)
    assert both == (3, 1)
    assert made.within.rightly == 1


def test_only_types_that_the_export_has_are_scored(
    sent: Path, dirty: list[Resource], export: Export
) -> None:
    made = score(sent, [export(one for one in dirty if one["resourceType"] == "Condition")])
    assert list(made.records) == ["Condition"]
    assert "name-typo" not in made.kinds
    assert made.within.true == made.across.true == 0


def test_the_score_is_plain_values(sent: Path, dirty: list[Resource], export: Export) -> None:
    made = score(sent, [export(dirty)])
    again = orjson.loads(orjson.dumps(made.as_dict()))
    assert again["kinds"]["name-typo"]["recall"] == 0
    assert again["kinds"]["name-typo"]["precision"] is None
    assert again["records"]["Patient"]["sent"] == made.records["Patient"][0]
    assert set(again["pairs"]) == {"within institutions", "across institutions"}


def test_an_export_of_somebody_else_is_not_scored(sent: Path, export: Export) -> None:
    stranger = {"resourceType": "Observation", "id": "x"}
    with pytest.raises(UsageError, match="nothing kept was sent"):
        score(sent, [export([stranger])])


def test_a_population_that_was_changed_since_is_not_scored(
    tmp_path: Path, sent: Path, dirty: list[Resource], export: Export
) -> None:
    copy = tmp_path / "sent"
    shutil.copytree(sent.parent, copy)
    manifest = copy / "out" / "population.json"
    manifest.write_text(manifest.read_text().replace(str(sent.parent), str(copy)))
    made = score(copy / "out", [export(dirty)])
    assert made.kinds
    file = copy / "messy.toml"
    file.write_text(file.read_text().replace("shared = 0.2", "shared = 0.6"))
    with pytest.raises(UsageError, match="was changed since"):
        score(copy / "out", [export(dirty)])


def merged(sent: Path, resources: Sequence[Resource]) -> list[Resource]:
    """With every Patient linked to the first record of the same person."""
    from pyarrow import parquet

    first: dict[int, str] = {}
    person: dict[str, int] = {}
    for row in parquet.read_table(sent / "truth" / "linkage.00000.parquet").to_pylist():
        first.setdefault(row["person"], row["record"])
        person[row["record"]] = row["person"]
    linked = deepcopy(list(resources))
    for one in linked:
        if one["resourceType"] == "Patient" and first[person[one["id"]]] != one["id"]:
            target = f"Patient/{first[person[one['id']]]}"
            one["link"] = [{"type": "replaced-by", "other": {"reference": target}}]
    return linked


def records_by_kind(labels: list[Label], types: set[str]) -> dict[str, set[str]]:
    """The records that each kind spoiled for good."""
    chains: dict[tuple[str, str], list[Label]] = defaultdict(list)
    for label in labels:
        if label.resource in types:
            chains[label.record, label.place].append(label)
    spoiled: dict[str, set[str]] = defaultdict(set)
    for chain in chains.values():
        for label in chain:
            if chain[0].before != chain[-1].after:
                spoiled[label.kind].add(label.record)
    return spoiled


def test_scores_can_be_compared(sent: Path, dirty: list[Resource], export: Export) -> None:
    assert isinstance(score(sent, [export(dirty)]), Score)
    assert score(sent, [export(dirty)]) == score(sent, [export(reversed(dirty))])
