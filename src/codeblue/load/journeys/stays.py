"""What a hospital's old system tells of its patients, written once before the load.

During a load only what differs from stay to stay is put in, which costs microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codeblue.patients import Population, load_population
from codeblue.patients.hl7v2 import AdtEvent, Hl7Renderer, messages
from codeblue.patients.rows.hl7_rows import CHARACTER_SETS, rows
from codeblue.target import Target

TRIGGERS: tuple[AdtEvent, ...] = ("A01", "A02", "A08", "A03")
"""Admit, transfer, update and discharge: HL7 v2.5.1, chapter 3."""

RESULTS = "ORU^R01"

_MOST_PATIENTS = 20
# The first event of a stay; the others follow hour by hour, and all of them are past.
_AGO = timedelta(hours=len(TRIGGERS))
_CONTROL, _VISIT, _WARD = "@control@", "@visit@", "@ward@"


@dataclass(frozen=True, slots=True)
class StayMessages:
    """The messages about one patient: ``patient`` is PID-3.1.

    ``texts`` has ADT messages by their trigger, and those of type ``ORU^R01`` if there are results.
    """

    patient: str
    texts: dict[str, str]

    def text(self, kind: str, control_id: str, visit: str, ward: str) -> str:
        """The message of ``kind`` with its own MSH-10, about ``visit`` in ``ward``."""
        text = self.texts[kind].replace(_CONTROL, control_id)
        return text.replace(_VISIT, visit).replace(_WARD, ward)


def stay_messages(target: Target, tenant: str) -> list[StayMessages]:
    """Those of the first patients that were seeded for ``tenant``, who is also MSH-4.

    Raises:
        UsageError: the tenant or its population is not known.
    """
    start = 0
    for name, described in target.tenants.items():
        if name == tenant:
            break
        start += described.patients
    wanted = target.tenant(tenant)
    count = min(wanted.patients, _MOST_PATIENTS)
    return _written(load_population(wanted.population), tenant, start, count)


def _written(population: Population, tenant: str, start: int, count: int) -> list[StayMessages]:
    results = dict(_results(population, tenant, start, count))
    begun = datetime.now(UTC) - _AGO
    stays = []
    for person in range(start, start + count):
        texts: dict[str, str] = {
            trigger: population.adt(
                trigger,
                person,
                facility=tenant,
                visit=_VISIT,
                ward=_WARD,
                at=begun + timedelta(hours=hour),
                control_id=_CONTROL,
            )
            for hour, trigger in enumerate(TRIGGERS)
        }
        if person in results:
            texts[RESULTS] = results[person]
        stays.append(StayMessages(_record_number(texts["A01"]), texts))
    return stays


def _results(
    population: Population, tenant: str, start: int, count: int
) -> Iterator[tuple[int, str]]:
    """The results of each person who has any, with places like those of the other messages."""
    persons = population.persons(start, start + count)
    renderer = Hl7Renderer(population.workspace)
    given = {"facility": tenant, "visit": _VISIT, "ward": _WARD, "control_id": _CONTROL}
    for institution in sorted(set(persons.home.tolist())):
        for block in rows(population, persons, institution, (RESULTS,)):
            block.fields.update({name: value.encode() for name, value in given.items()})
            block.fields["character_set"] = CHARACTER_SETS["UTF-8"]
            texts = messages(renderer.render(block))
            for person, text in zip(block.person.tolist(), texts, strict=True):
                yield person, text.decode()


def _record_number(message: str) -> str:
    """PID-3.1."""
    segment = next(each for each in message.split("\r") if each.startswith("PID|"))
    return segment.split("|")[3].split("^")[0]
