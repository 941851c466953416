"""Which kept record is which sent one: by id, by identifier, or by all they say but one thing.

Servers may give records ids of their own. Then Patients are found by their identifiers, and those
without, like all other records, by agreeing with what was sent in all but one of the fields that
tell records of their type apart, provided that only one kept record does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import combinations

from codeblue.patients.score.equality import canonical
from codeblue.patients.score.resources import Identifier, Kept

_TELLING = {
    "Patient": ("family", "given", "birth_date", "street"),
    "Observation": ("patient", "code", "effective", "value", "systolic", "diastolic"),
    "Condition": ("patient", "code", "onset"),
    "MedicationRequest": ("patient", "code", "authored"),
    "AllergyIntolerance": ("patient", "code"),
    "Encounter": ("patient", "code", "start", "end"),
    "Appointment": ("patient", "code", "start", "end"),
}
_UUID_LENGTH = 36
_Key = tuple[tuple[str, str], ...]


class Matching:
    """The kept records of one type, to be found by what was sent.

    ``known`` are the ids of the Patients that were sent, which all ids begin with, and their record
    numbers. ``who`` says which person a kept Patient is.
    """

    def __init__(
        self,
        kind: str,
        kept: Mapping[str, Kept],
        known: Collection[str],
        who: Callable[[str], str],
    ) -> None:
        self._kept = kept
        self._telling = _TELLING[kind]
        self._by_identifier: dict[Identifier, Kept] = {}
        self._by_details: dict[_Key, Kept | None] = {}
        for record in kept.values():
            self._by_identifier |= dict.fromkeys(record.identifiers, record)
            numbers = {value for _, value in record.identifiers}
            if record.id[:_UUID_LENGTH] not in known and numbers.isdisjoint(known):
                self._add(record, who)

    def find(
        self,
        id: str,  # noqa: A002 - the field's name
        identifier: Identifier,
        fields: Mapping[str, str],
    ) -> Kept | None:
        """The kept record that was sent as ``id``, saying ``fields``; None when none was kept.

        ``identifier`` is its true one, though it may have been sent without. ``fields["patient"]``
        is what ``who`` says of the Patient.
        """
        if found := self._kept.get(id) or self._by_identifier.get(identifier):
            return found
        candidates = (self._by_details.get(key) for key in self._keys(fields))
        return next((found for found in candidates if found), None) if self._by_details else None

    def _add(self, record: Kept, who: Callable[[str], str]) -> None:
        fields = {**record.fields, "patient": who(record.fields.get("patient", ""))}
        for key in self._keys(fields):
            self._by_details[key] = None if key in self._by_details else record

    def _keys(self, fields: Mapping[str, str]) -> Iterator[_Key]:
        said = [(name, canonical(name, fields[name])) for name in self._telling if fields.get(name)]
        return combinations(said, max(len(said) - 1, 1))
