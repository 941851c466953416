"""What one institution knows of some persons: their records, and their visits to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.draws import Bools, Dates
from codeblue.patients.institutions import WORKFLOWS, Institution, Profile
from codeblue.patients.institutions.records import DUPLICATE, Records
from codeblue.patients.people.clinical import onsets
from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows, Value
from codeblue.patients.tables.models import Workflow
from codeblue.patients.visits import Visits

if TYPE_CHECKING:
    from codeblue.patients.population import Population


@dataclass(frozen=True)
class Charts:
    """The charts that the population's institution ``number`` keeps of ``persons``.

    ``wanted`` are the visits that rows are wanted of, by default those before the reference date.
    """

    population: Population
    persons: Persons
    number: int
    wanted: Sequence[int] | None = None

    @property
    def institution(self) -> Institution:
        """Whose charts these are."""
        return self.population.institutions[self.number]

    @property
    def profile(self) -> Profile:
        """Its habits."""
        return self.institution.profile

    @property
    def numbers(self) -> Sequence[int]:
        """The visits that rows are wanted of."""
        return range(self.population.visits) if self.wanted is None else self.wanted

    @cached_property
    def workflows(self) -> tuple[Workflow, ...]:
        """What is written about each of ``WORKFLOWS``, in their order."""
        named = {workflow.name: workflow for workflow in self.population.tables.workflows}
        return tuple(named[name] for name in WORKFLOWS)

    @cached_property
    def records(self) -> Records:
        """All its records of these persons, duplicates among them."""
        return self.population.records(self.persons, self.number)

    @cached_property
    def originals(self) -> Records:
        """One record for each person whom the institution knows.

        A duplicate is made at the desk and not used again: what is found out later stands in the
        chart of the first record.
        """
        return _some(self.records, self.records.copy != DUPLICATE)

    def of(self, persons: Bools) -> Records:
        """The original records of some of the persons."""
        return _some(self.originals, persons[self.originals.row])

    @cached_property
    def onsets(self) -> Dates:
        """When each condition began; shape (persons, conditions)."""
        return onsets(self.population, self.persons)

    def visits(self, number: int) -> Visits:
        """Visit ``number`` of all persons, wherever it was."""
        return self.population.visit(self.persons, number)

    def visitors(self, number: int) -> Records:
        """The records of those who had visit ``number`` here, and came."""
        visits = self.visits(number)
        return self.of((visits.institution == self.number) & visits.kept)


def rows_about(
    records: Records,
    resource: str,
    fields: dict[str, Value],
    part: str = "",
    typed: Mapping[str, NDArray[Any]] | None = None,
) -> Rows:
    """Rows with these fields, one for each record."""
    person, copy = records.person, records.copy
    return Rows(resource, records.institution, person, copy, fields, part, dict(typed or {}))


def _some(records: Records, wanted: Bools) -> Records:
    at = np.flatnonzero(wanted)
    return Records(
        institution=records.institution,
        row=records.row[at],
        person=records.person[at],
        copy=records.copy[at],
        id=records.id[at],
        number=records.number[at],
    )
