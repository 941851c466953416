"""How it was spelled: letters that were read in another encoding than they were written in."""

from __future__ import annotations

from collections.abc import Mapping

from codeblue.patients.dirt.kind import Record, present
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables

_PLACES = ("family", "given", "middle", "street", "city")


class Mojibake:
    """UTF-8 that somebody read as Latin-1 and wrote as UTF-8 again."""

    name = "mojibake"
    title = "letters with accents became two letters each"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Names and addresses."""
        return present(rows, *_PLACES)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:  # noqa: ARG002
        """All of them twice encoded; plain ASCII survives it unchanged."""
        places = present(record.rows, *_PLACES)
        return {place: record[place].encode().decode("latin-1") for place in places}
