"""The linkage table: which records are the same person, within an institution and across them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.arrow import numbers, texts
from codeblue.patients.institutions.records import Records

if TYPE_CHECKING:
    import pyarrow as pa

    from codeblue.patients.people.persons import Persons
    from codeblue.patients.population import Population


def linkage(population: Population, persons: Persons) -> pa.Table:
    """The records of some persons, institution by institution.

    Records with the same ``person`` are the same person. ``copy`` says how the record came about:
    0 at home, 1 at another institution, 2 by mistake beside the one at home.
    """
    import pyarrow as pa

    return pa.concat_tables(
        _table(population.records(persons, institution))
        for institution in range(len(population.institutions))
    )


def _table(records: Records) -> pa.Table:
    import pyarrow as pa

    institution = np.full(len(records.person), records.institution, dtype=np.int16)
    columns = {
        "record": texts(records.id),
        "institution": numbers(institution),
        "record_number": texts(records.number),
        "person": numbers(records.person),
        "copy": numbers(records.copy.astype(np.int8)),
    }
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))
