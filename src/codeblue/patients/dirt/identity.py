"""Who it is: identifiers, names and sex that were left out, mistyped or put in the wrong place."""

from __future__ import annotations

from collections.abc import Mapping

from codeblue.patients.dirt.kind import Record, present
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables

_SEX_CODES = {
    "m": ("male", "M", "Male", "m", "1"),
    "f": ("female", "F", "Female", "w", "2"),
}


class MissingIdentifier:
    """The record came without its record number."""

    name = "missing-identifier"
    title = "the record number is empty"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The record number."""
        return present(rows, "record_number")

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing is left of it."""
        return {field: ""}


class NameTypo:
    """A slip of the fingers in a name."""

    name = "name-typo"
    title = "two letters of a name changed places, or one was left out or typed twice"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Family and given name."""
        return present(rows, "family", "given")

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """One slip."""
        return {field: mistyped(record[field], choice)}


class SwappedNames:
    """The names were typed into each other's boxes."""

    name = "swapped-names"
    title = "family and given name changed places"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Family and given name, where there are both."""
        both = present(rows, "family", "given")
        return both if len(both) > 1 else ()

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:  # noqa: ARG002
        """One for the other."""
        return {"family": record["given"], "given": record["family"]}


class SexCode:
    """A code of another system than the one that the format asks for."""

    name = "sex-code"
    title = "the sex is written in a code that the format does not know"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """``gender`` of FHIR, ``sex`` of HL7 v2."""
        return present(rows, "gender", "sex")

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The same sex in other words: never the opposite, and never what it was."""
        right = record[field]
        codes = [code for code in _SEX_CODES.get(right[:1].lower(), ()) if code != right]
        return {field: codes[choice % len(codes)]} if codes else {}


def mistyped(name: str, choice: int) -> str:
    """The name with two neighbouring letters exchanged, one left out, or one typed twice."""
    place, slip = divmod(choice, len(_SLIPS))
    return _SLIPS[slip](name, place)


def exchanged(text: str, choice: int) -> str:
    """The text with two neighbouring letters exchanged that are not the same."""
    pairs = [at for at in range(len(text) - 1) if text[at] != text[at + 1]]
    if not pairs:
        return text
    at = pairs[choice % len(pairs)]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _shortened(name: str, choice: int) -> str:
    if len(name) <= 1:
        return name
    at = choice % len(name)
    return name[:at] + name[at + 1 :]


def _doubled(name: str, choice: int) -> str:
    at = choice % max(len(name), 1)
    return name[: at + 1] + name[at:]


_SLIPS = (exchanged, exchanged, _shortened, _doubled)  # the first is the most frequent by far
