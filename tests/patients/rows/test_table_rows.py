from __future__ import annotations

import numpy as np
import pytest

from codeblue.patients import load_population
from codeblue.patients.rows.fhir_rows import RESOURCES
from codeblue.patients.rows.fhir_rows import rows as fhir_rows
from codeblue.patients.rows.table_rows import COLUMNS, TABLE_OF, TABLES, rows

NETWORK = load_population("regional-network")
PERSONS = NETWORK.persons(0, 1000)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("number", range(len(NETWORK.institutions)))
def test_a_table_has_its_columns(table: str, number: int) -> None:
    for block in rows(NETWORK, PERSONS, number, (table,)):
        assert TABLE_OF[block.resource] == table
        assert tuple(block.fields) == COLUMNS[table]


def test_every_resource_has_a_table() -> None:
    assert set(TABLE_OF) == set(RESOURCES)
    assert set(TABLE_OF.values()) == set(TABLES)


def test_tables_and_resources_hold_the_same() -> None:
    for resource in RESOURCES:
        if resource == "Observation":
            continue
        told = {block.part: block for block in fhir_rows(NETWORK, PERSONS, 1, (resource,))}
        for block in rows(NETWORK, PERSONS, 1, (TABLE_OF[resource],)):
            for name, value in block.fields.items():
                assert np.array_equal(told[block.part].fields[name], value)


def test_each_blood_pressure_is_a_row_of_its_own() -> None:
    blocks = list(rows(NETWORK, PERSONS, 1, ("observations",)))
    assert len(blocks) == 11
    parts = [block.part for block in blocks]
    assert "systolic-blood-pressure:0" in parts
    assert "diastolic-blood-pressure:0" in parts
    ids = [each for block in blocks for each in block.fields["id"]]
    assert len(set(ids)) == len(ids)
