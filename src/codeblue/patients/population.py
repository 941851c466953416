"""A virtual population: any patient of it, on demand, from its seed and the patient's index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from pydantic import Field

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.columns import BLOCK, Columns, Sampler
from codeblue.patients.content import Content, read_toml
from codeblue.patients.fhir import FhirRenderer, Resource
from codeblue.patients.hl7v2 import AdtEvent, Hl7Renderer, Visit
from codeblue.patients.names import draw_pools
from codeblue.patients.person import Patient, VitalSign
from codeblue.patients.tables import Tables, VitalSignRange, load_tables
from codeblue.workspace import find, names

_CONTENT = Path("synthetic_data")
_BLOCKS_KEPT = 8


class InstitutionProfile(Content):
    """How an institution keeps its records; ``institutions/<profile>.toml``."""

    title: str
    record_number_prefix: Annotated[str, Field(pattern=r"^[A-Z]{0,4}$")]
    record_number_digits: Annotated[int, Field(ge=4, le=12)]
    sending_application: str
    wards: Annotated[tuple[str, ...], Field(min_length=1)]


class Institution(Content):
    """One institution of a population, and its share of the patients."""

    name: str
    profile: str
    share: Annotated[float, Field(gt=0)]

    @property
    def record_number_system(self) -> str:
        """The namespace of its record numbers; ``.example`` is reserved and belongs to nobody."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return f"https://{slug}.example/record-number"


class PopulationFile(Content):
    """``populations/<name>.toml``."""

    size: Annotated[int, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]
    reference_date: date
    institutions: Annotated[tuple[Institution, ...], Field(min_length=1)]


class Population:
    """``size`` patients that exist only when asked for.

    Patient ``i`` is a pure function of (``seed``, ``i``): the same on any day, in any order, and
    however many others are asked for.
    """

    def __init__(
        self,
        name: str,
        settings: PopulationFile,
        profiles: dict[str, InstitutionProfile],
        tables: Tables,
        workspace: Path | None = None,
    ) -> None:
        self.name = name
        self.size = settings.size
        self.seed = settings.seed
        self.reference_date = settings.reference_date
        self.institutions = settings.institutions
        self.tables = tables
        self._profiles = profiles
        self._workspace = workspace
        self._pools = draw_pools(settings.seed)
        shares = np.array([institution.share for institution in settings.institutions])
        sampler = Sampler(tables, self._pools, shares, settings.seed, settings.reference_date)
        self._block = lru_cache(maxsize=_BLOCKS_KEPT)(sampler.draw)
        self._ranges = {
            (row.vital_sign, age): row
            for row in tables.vital_signs
            for age in range(row.low, row.high + 1)
        }

    def patient(self, index: int) -> Patient:
        """Patient ``index``, from 0.

        Raises:
            IndexError: the population is smaller.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"{self.name} has {self.size} patients, and none with index {index}.")
        block, row = divmod(index, BLOCK)
        return self._assemble(index, self._block(block), row)

    def patients(self, start: int = 0, count: int | None = None) -> Iterator[Patient]:
        """``count`` patients from ``start``; all that follow when ``count`` is left out."""
        stop = self.size if count is None else start + count
        return (self.patient(index) for index in range(start, stop))

    def fhir_patient(self, index: int) -> Resource:
        """The FHIR R4 Patient."""
        return self._fhir.patient(self.patient(index))

    def fhir_observations(self, index: int, reference: str | None = None) -> list[Resource]:
        """The FHIR R4 Observations of one patient's vital signs, about ``reference``."""
        return self._fhir.observations(self.patient(index), reference)

    def bundle(self, start: int, count: int = 1) -> Resource:
        """A transaction Bundle with ``count`` patients from ``start``, and their Observations."""
        return self._fhir.bundle(self.patients(start, count))

    def adt(
        self,
        event: AdtEvent,
        index: int,
        *,
        facility: str,
        visit: str | None = None,
        ward: str | None = None,
        at: datetime | None = None,
        control_id: str | None = None,
    ) -> str:
        """An HL7 v2 ADT message about one patient, e.g. ``adt("A01", 7, facility="riverside")``.

        What is left out is derived from the index; ``at`` defaults to the time of the patient's
        measurements.
        """
        patient = self.patient(index)
        profile = self._profiles[patient.institution]
        return self._hl7.adt(
            event,
            patient,
            Visit(
                number=visit or f"V{index:08d}",
                ward=ward or profile.wards[index % len(profile.wards)],
                facility=facility,
                sending_application=profile.sending_application,
                control_id=control_id or f"{event}-{index:08d}",
                at=at or patient.measured_at,
            ),
        )

    @cached_property
    def _fhir(self) -> FhirRenderer:
        return FhirRenderer(self._workspace)

    @cached_property
    def _hl7(self) -> Hl7Renderer:
        return Hl7Renderer(self._workspace)

    def _assemble(self, index: int, columns: Columns, row: int) -> Patient:
        pools = self._pools
        female = bool(columns.female[row])
        given = pools.female_given if female else pools.male_given
        place = pools.places[columns.place[row]]
        institution = self.institutions[columns.institution[row]]
        profile = self._profiles[institution.name]
        names_and_flags = zip(self.tables.condition_names, columns.conditions[row], strict=True)
        # 555-0100 to 555-0199 is kept free for fiction in every area code.
        phone = f"+1-{columns.area_code[row]}-555-0{columns.line_number[row]}"
        return Patient(
            index=index,
            uuid=str(uuid5(NAMESPACE_URL, f"codeblue/{self.name}/{self.seed}/{index}")),
            institution=institution.name,
            record_number=f"{profile.record_number_prefix}{index:0{profile.record_number_digits}d}",
            record_number_system=institution.record_number_system,
            family=pools.families[columns.family[row]],
            given=given[columns.given[row]],
            middle=given[columns.middle[row]],
            gender="female" if female else "male",
            birth_date=columns.birth_date[row].item(),
            age=int(columns.age[row]),
            street=f"{columns.house[row]} {pools.streets[columns.street[row]]}",
            city=place.city,
            state=place.state,
            postal_code=place.postal_code,
            phone=phone,
            conditions=tuple(name for name, has in names_and_flags if has),
            vital_signs=self._vital_signs(columns, row),
            measured_at=columns.measured_at[row].item().replace(tzinfo=UTC),
        )

    def _vital_signs(self, columns: Columns, row: int) -> tuple[VitalSign, ...]:
        age = int(columns.age[row])
        values = columns.vital_signs[row]
        ranges = (self._ranges[name, age] for name in self.tables.vital_sign_names)
        return tuple(_vital_sign(found, value) for found, value in zip(ranges, values, strict=True))


def load_population(name: str, workspace: Path | None = None) -> Population:
    """The population that ``synthetic_data/populations/<name>.toml`` describes.

    Raises:
        UsageError: there is no such population, or one of its files is wrong.
    """
    path = _locate("populations", name, workspace, f'population "{name}"')
    settings = read_toml(path, PopulationFile)
    profiles = {
        institution.name: read_toml(
            _locate("institutions", institution.profile, workspace, str(path)), InstitutionProfile
        )
        for institution in settings.institutions
    }
    return Population(name, settings, profiles, load_tables(workspace), workspace)


def _locate(folder: str, name: str, workspace: Path | None, where: str) -> Path:
    known = names(str(_CONTENT / folder), "*.toml", workspace)
    if name not in known:
        raise UsageError(f'{where}: {folder} has no "{name}". {did_you_mean(name, known)}')
    return find(_CONTENT / folder / f"{name}.toml", workspace)


def _vital_sign(row: VitalSignRange, value: float) -> VitalSign:
    return VitalSign(
        name=row.vital_sign,
        loinc=tuple(row.loinc.split("|")),
        display=row.display,
        value=float(value),
        unit=row.unit,
        ucum=row.ucum,
        decimals=row.decimals,
    )
