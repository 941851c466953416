"""Events with what is to be sent of them: an HL7 v2 message, or FHIR resources."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson

from codeblue.patients.dirt import Label, inject, inject_messages
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.hl7v2 import Hl7Renderer, messages
from codeblue.patients.rows import Rows
from codeblue.patients.rows.charts import Charts
from codeblue.patients.rows.fhir_rows import patients
from codeblue.patients.rows.hl7_rows import MESSAGES, event_rows
from codeblue.patients.rows.observations import observations
from codeblue.patients.rows.visit_rows import appointments
from codeblue.patients.visits.event_columns import TYPES, EventColumns, of_type
from codeblue.patients.visits.events import Event, events

if TYPE_CHECKING:
    from codeblue.patients.population import Population

Standard = Literal["hl7v2", "fhir"]
Resource = dict[str, Any]

_APPOINTMENT, _RESULT = "appointment-", "ORU^R01"
_TOLD: dict[Standard, tuple[str, ...]] = {
    "hl7v2": MESSAGES,
    "fhir": (*(name for name in TYPES if name.startswith(_APPOINTMENT)), _RESULT),
}

# The references of what is sent are those that the server gave.
_REFERENCES = ("wrong-patient", "orphan-reference")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event, and what tells of it in HL7 v2, in FHIR or in both.

    ``message`` has no frame yet, and is in the character set of its institution. ``resources``
    are an Appointment, or the Observations of a visit; they, and the ``patient`` whom they are
    about, carry no ids, because the server gives them. ``labels`` say what was spoiled on purpose.
    """

    event: Event
    message: bytes = b""
    patient: Resource | None = None
    resources: tuple[Resource, ...] = ()
    labels: tuple[Label, ...] = ()


def deliveries(
    population: Population,
    begin: datetime,
    hours: float,
    standards: Collection[Standard],
    facility: str | None = None,
    types: Collection[str] = TYPES,
    mess: float | None = None,
) -> Iterator[Delivery]:
    """What ``hours`` from ``begin`` have to tell in some of the standards, in time order.

    ``facility`` is the name that institutions have in messages (MSH-4) instead of their own;
    ``types`` are those of the events that are wanted; ``mess`` scales the rates of dirt, by
    default as the population does. A message that is repeated is a delivery of its own.
    """
    writer = _Writer(population, standards, facility, population.mess if mess is None else mess)
    told = {name for standard in standards for name in _TOLD[standard] if name in types}
    for event in events(population, begin, begin + timedelta(hours=hours)):
        if event.type in told:
            yield from writer.deliveries(event)


class _Writer:
    """Writes what is sent of single events, and spoils some of it."""

    def __init__(
        self,
        population: Population,
        standards: Collection[Standard],
        facility: str | None,
        mess: float,
    ) -> None:
        self._population = population
        self._standards = standards
        self._facility = facility
        self._mess = mess
        self._hl7 = Hl7Renderer(population.workspace)
        self._fhir = FhirRenderer(population.workspace)

    def deliveries(self, event: Event) -> Iterator[Delivery]:
        """What the standards have to say of ``event``."""
        persons = self._population.persons(event.person, event.person + 1)
        charts = Charts(self._population, persons, event.institution, wanted=(event.visit,))
        made = Delivery(event)
        if "fhir" in self._standards and event.type in _TOLD["fhir"]:
            made = self._in_fhir(charts, made)
        if "hl7v2" in self._standards and event.type in _TOLD["hl7v2"]:
            sent, labels = self._messages(charts, event)
            made = replace(made, message=sent[0], labels=made.labels + labels)
            yield made
            yield from (Delivery(event, again) for again in sent[1:])
        else:
            yield made

    def _messages(self, charts: Charts, event: Event) -> tuple[list[bytes], tuple[Label, ...]]:
        rows = next(event_rows(charts, _columns(charts, event), event.type))
        if self._facility is not None:
            rows.fields["facility"] = self._facility.encode()
        rates = charts.profile.faults
        spoiled = inject(rows, rates, self._mess, self._population)
        clean = messages(self._hl7.render(rows))
        sent, damage = inject_messages(clean, [rows], rates, self._mess, self._population)
        return sent, (*spoiled.rows, *damage.rows)

    def _in_fhir(self, charts: Charts, made: Delivery) -> Delivery:
        event = made.event
        told = observations if event.type == _RESULT else appointments
        blocks = [self._read(rows, event.copy) for rows in (*patients(charts), *told(charts))]
        patient, *resources = (resource for found, _ in blocks for resource in found)
        if event.type != _RESULT:
            status = {"status": event.type.removeprefix(_APPOINTMENT)}
            resources = [resource | status for resource in resources]
        labels = tuple(label for _, found in blocks for label in found)
        return replace(made, patient=patient, resources=tuple(resources), labels=labels)

    def _read(self, rows: Rows, copy: int) -> tuple[list[Resource], list[Label]]:
        """The resources about one of a person's records, and what was spoiled in them."""
        mine = np.flatnonzero(rows.copy == copy).tolist()
        if not mine:
            return [], []
        faults = self._population.institutions[rows.institution].profile.faults
        rates = {name: rate for name, rate in faults.items() if name not in _REFERENCES}
        labels = inject(rows, rates, self._mess, self._population).rows
        lines = bytes(self._fhir.render(rows)).splitlines()
        resources = [_without_id(orjson.loads(lines[row])) for row in mine]
        return resources, [label for label in labels if label.copy == copy]


def _columns(charts: Charts, event: Event) -> EventColumns:
    wards = [ward.name for ward in charts.profile.wards]
    at, institution, person, copy, ward = (
        np.array([value])
        for value in (
            int(event.at.timestamp()),
            event.institution,
            event.person,
            event.copy,
            wards.index(event.ward) if event.ward else -1,
        )
    )
    return of_type(event.type, at, institution, person, copy, ward, visit=event.visit)


def _without_id(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "id"}
