"""What it was: codes that were mistyped, and codes of a system that is no longer in use."""

from __future__ import annotations

from collections.abc import Mapping

from codeblue.patients.dirt.identity import exchanged
from codeblue.patients.dirt.kind import Record, present
from codeblue.patients.dirt.places import codes
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables


class WrongCode:
    """A code with a slip of the fingers: it means nothing, or something else."""

    name = "wrong-code"
    title = "two digits of a code changed places"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The code of an Observation, Condition, medication, allergy, or of a result."""
        return codes(rows)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """Two neighbours exchanged: what check digits are made to catch."""
        return {field: exchanged(record[field], choice)}


class RetiredCode:
    """A code that was right years ago."""

    name = "retired-code"
    title = "a condition has its ICD-9-CM code of before 2015 in the place of today's"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The code of a Condition."""
        return present(rows, "code") if rows.resource in ("Condition", "conditions") else ()

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The retired code; the name of the code system stays."""
        retired = record.population.tables.retired_codes_of.get(record[field])
        return {field: retired[choice % len(retired)]} if retired else {}
