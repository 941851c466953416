"""A virtual population: any persons of it, on demand, from its seed and their indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from codeblue.patients import fhir, hl7v2
from codeblue.patients.assembly import assemble
from codeblue.patients.draws import Draws, Ints
from codeblue.patients.institutions.records import Records, records
from codeblue.patients.names import Pools, load_pools
from codeblue.patients.people.measurements import Laboratory, Measurements
from codeblue.patients.people.persons import Census, Known, Persons
from codeblue.patients.person import Patient
from codeblue.patients.population_files import Description, read_population
from codeblue.patients.tables import Tables, load_tables
from codeblue.patients.visits import Calendar, Visits

CHUNK = 4096
"""Persons that are worked on at a time; their columns fit the cache of a processor."""


@dataclass(frozen=True)
class _Made:
    """What was made of the persons that were asked about last, by the number asked for.

    Every institution of a chunk asks for the same.
    """

    persons: Persons
    visits: dict[int, Visits] = field(default_factory=dict)
    measurements: dict[int, Measurements] = field(default_factory=dict)
    records: dict[int, Records] = field(default_factory=dict)


class Population:
    """``size`` persons that exist only when asked for.

    Person ``i`` is a pure function of (``seed``, ``i``): the same on any day, in any order, and
    however many others are asked for.
    """

    def __init__(
        self,
        description: Description,
        tables: Tables,
        pools: Pools,
        workspace: Path | None = None,
    ) -> None:
        settings, institutions = description.settings, description.institutions
        self.name = description.name
        self.size = settings.size
        self.seed = settings.seed
        self.reference_date = settings.reference_date
        self.visits = settings.visits
        self.mess = settings.mess
        self.shared = settings.shared
        self.institutions = institutions
        self.surges = settings.surges
        self.tables = tables
        self.pools = pools
        self.workspace = workspace
        self.draws = Draws(settings.seed)
        self.calendar = Calendar(
            institutions, self.draws, self.reference_date, self.visits, self.surges
        )
        shares = [institution.share for institution in institutions]
        self._census = Census(tables, pools, shares, self.shared, self.reference_date, self.draws)
        self._laboratory = Laboratory(tables, self.draws)
        self._made: _Made | None = None

    def persons(self, start: int, stop: int) -> Persons:
        """The persons ``start`` to ``stop - 1``; ask for some thousands at a time.

        Raises:
            IndexError: the population is smaller.
        """
        if not 0 <= start <= stop <= self.size:
            raise IndexError(
                f"{self.name} has {self.size} patients, and not all from {start} to {stop - 1}."
            )
        return self._census.draw(start, stop)

    def known(self, start: int, stop: int) -> Known:
        """When the persons were born and where they are known: little, to scan millions."""
        return self._census.known(start, stop)

    def homes(self, start: int, stop: int) -> Ints:
        """The home institution of each person, without all the rest."""
        return self._census.homes(start, stop)

    def visit(self, persons: Persons, number: int = 0) -> Visits:
        """Visit ``number``: 0 is the oldest, those from ``visits`` on are yet to come."""
        made = self._made_of(persons).visits
        if number not in made:
            made[number] = self.calendar.visit(persons, number)
        return made[number]

    def measurements(self, persons: Persons, visit: int = 0) -> Measurements:
        """What is measured at visit ``visit``, whether or not the persons came to it."""
        made = self._made_of(persons)
        if visit not in made.measurements:
            when = self.visit(persons, visit)
            made.measurements[visit] = self._laboratory.measure(
                persons, visit, when.begins, when.ends
            )
        return made.measurements[visit]

    def records(self, persons: Persons, institution: int) -> Records:
        """The records that the institution with this index keeps of the persons."""
        made = self._made_of(persons).records
        if institution not in made:
            found = self.institutions[institution]
            made[institution] = records(persons, institution, found, self.draws, self.mess)
        return made[institution]

    def patient(self, index: int) -> Patient:
        """Patient ``index``, from 0.

        Raises:
            IndexError: the population is smaller.
        """
        return assemble(self, self.persons(index, index + 1))[0]

    def patients(self, start: int = 0, count: int | None = None) -> Iterator[Patient]:
        """``count`` patients from ``start``; all that follow when ``count`` is left out."""
        stop = self.size if count is None else start + count
        for first in range(start, stop, CHUNK):
            yield from assemble(self, self.persons(first, min(first + CHUNK, stop)))

    def fhir_patient(self, index: int) -> fhir.Resource:
        """The FHIR R4 Patient."""
        return fhir.patient(self, index)

    def fhir_observations(self, index: int, reference: str | None = None) -> list[fhir.Resource]:
        """The FHIR R4 Observations of one patient, about ``reference``."""
        return fhir.observations(self, index, reference)

    def bundle(self, start: int, count: int = 1) -> fhir.Resource:
        """A transaction Bundle with ``count`` patients from ``start``, and what is about them."""
        return fhir.bundle(self, start, count)

    def adt(
        self,
        event: hl7v2.AdtEvent,
        index: int,
        *,
        facility: str,
        visit: str | None = None,
        ward: str | None = None,
        at: datetime | None = None,
        control_id: str | None = None,
    ) -> str:
        """An HL7 v2 ADT message about one patient, e.g. ``adt("A01", 7, facility="riverside")``.

        What is left out is derived from the index and the patient's visit.
        """
        return hl7v2.adt(
            self,
            event,
            index,
            facility=facility,
            visit=visit,
            ward=ward,
            at=at,
            control_id=control_id,
        )

    def _made_of(self, persons: Persons) -> _Made:
        if self._made is None or self._made.persons is not persons:
            self._made = _Made(persons)
        return self._made


def load_population(
    name: str,
    workspace: Path | None = None,
    *,
    seed: int | None = None,
    size: int | None = None,
) -> Population:
    """The population that ``synthetic_data/populations/<name>.toml`` describes.

    ``name`` can be the path of such a file, too. ``seed`` and ``size`` replace those of the file;
    a larger population begins with the same persons.

    Raises:
        UsageError: there is no such population, or one of its files is wrong.
    """
    tables = load_tables(workspace)
    description = read_population(name, workspace, tables.measurement_names, seed=seed, size=size)
    return Population(description, tables, load_pools(workspace), workspace)
