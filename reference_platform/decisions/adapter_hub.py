"""Switch 11, "Adapter architecture": how the platform reads what partners write.

Without it the first partner's habits are everybody's: the second one's messages are refused, or
read wrongly, and a patient is known by another house's number.
"""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from reference_platform.dialects import CanonicalEvent, Catalogue, outbound
from reference_platform.dialects.dialect import Dialect
from reference_platform.dialects.header import Header
from reference_platform.dialects.message import Message
from reference_platform.dialects.outbound import InsurerDialect, LaboratoryDialect
from reference_platform.dialects.reading import decoded, read
from reference_platform.settings import Settings
from reference_platform.visits import TRIGGERS, event_time


class AnswerError(ValueError):
    """A partner's answer cannot be read, or is about somebody else."""


class Adapters(Protocol):
    """The way between what partners write and what the platform means."""

    laboratory: LaboratoryDialect

    def event(self, message: bytes | str) -> CanonicalEvent:
        """What an ADT message says; text is read as decoded. ValueError when it cannot be read."""
        ...

    def question(self, payer: object, member: object) -> bytes:
        """What the insurer is asked, as JSON."""
        ...

    def coverage(self, answer: bytes, payer: object, member: object) -> str:
        """`active` or `inactive`. Raises AnswerError."""
        ...


class AdapterHub(Protocol):
    """How partners are understood."""

    def adapters(self, settings: Settings) -> Adapters:
        """The adapters of this platform. DialectError when a dialect's file is wrong."""
        ...


# Table 0001 and table 0004, as far as the first hospital used them.
_GENDERS = {"F": "female", "M": "male", "O": "other", "U": "unknown"}
_CLASSES = {"I": "IMP", "O": "AMB", "E": "EMER"}
_SEGMENTS = frozenset({"MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "AL1", "DG1"})


class FirstVendor:
    """Reads and writes as the EHR of the first hospital does: `|^~&`, UTF-8, HL7 2.5.1."""

    laboratory = LaboratoryDialect(
        application="LEGACY",
        facility="EHR",
        version="2.5.1",
        identifier_type="MR",
        answers="utf-8",
        strays=0,
    )

    def event(self, message: bytes | str) -> CanonicalEvent:
        """Fields at their numbers. ValueError or LookupError when they are not there."""
        text = message.decode("utf-8") if isinstance(message, bytes) else message
        msh, evn, pid, pv1 = self._segments(text)
        kind, trigger = msh[8].split("^")[:2]
        if kind != "ADT" or trigger not in TRIGGERS or not (msh[9] and pid[3] and pv1[19]):
            raise ValueError("not an admission, transfer, update or discharge")
        family, _, given = pid[5].partition("^") if len(pid) > 5 else ("", "", "")  # noqa: PLR2004
        return CanonicalEvent(
            tenant=msh[3].lower(),
            sender=f"{msh[2]}|{msh[3]}",
            control_id=msh[9],
            dialect="",
            trigger=trigger,
            occurred=event_time(evn[2] or msh[6]),
            visit=pv1[19].split("^")[0],
            patient=pid[3].split("^")[0],
            ward=pv1[3].split("^")[0],
            visit_class=_CLASSES.get(pv1[2], ""),
            family=family,
            given=given.split("^")[0],
            birth_date=_day(pid[7]) if len(pid) > 7 else "",  # noqa: PLR2004
            gender=_GENDERS.get(pid[8], "") if len(pid) > 8 else "",  # noqa: PLR2004
        )

    @staticmethod
    def _segments(text: str) -> list[list[str]]:
        """MSH, EVN, PID and PV1, split at every `|`."""
        split = [line.split("|") for line in text.strip().split("\r")]
        by_name = {fields[0]: fields for fields in split}
        if unknown := by_name.keys() - _SEGMENTS:
            raise ValueError(f"unknown segments: {len(unknown)}")
        return [by_name[name] for name in ("MSH", "EVN", "PID", "PV1")]

    def question(self, payer: object, member: object) -> bytes:
        """As the first insurer asks."""
        return orjson.dumps({"payer": payer, "member": member})

    def coverage(self, answer: bytes, payer: object, member: object) -> str:  # noqa: ARG002
        """`status`, about whomever."""
        try:
            status = orjson.loads(answer)["status"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise AnswerError("not one that can be read") from None
        if status not in ("active", "inactive"):
            raise AnswerError("not one that can be read")
        return str(status)


class PerPartner:
    """An adapter per partner, configured by its dialect, and one canonical model."""

    def __init__(
        self, catalogue: Catalogue, insurer: InsurerDialect, laboratory: LaboratoryDialect
    ) -> None:
        self.laboratory = laboratory
        self._catalogue = catalogue
        self._insurer = insurer

    def event(self, message: bytes | str) -> CanonicalEvent:
        """By the dialect of its sender. Raises Problem, which says where it is wrong."""
        raw = message.encode("utf-8", "replace") if isinstance(message, str) else message
        dialect = self._catalogue.find(Header.of(raw))
        text, codec = _text(message, dialect)
        return read(Message(text, codec), dialect)

    def question(self, payer: object, member: object) -> bytes:
        """With the insurer's names."""
        names = self._insurer.question
        return orjson.dumps({names.payer: payer, names.member: member})

    def coverage(self, answer: bytes, payer: object, member: object) -> str:
        """From wherever it stands, if it is about this payer and this member."""
        if len(answer) > self._insurer.limit:
            raise AnswerError("too long")
        try:
            told = orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise AnswerError("not JSON") from None
        places = self._insurer.answer
        for asked, paths in ((payer, places.payer), (member, places.member)):
            if (named := _first(told, paths)) is not None and named != asked:
                raise AnswerError("about somebody else")
        status = _first(told, places.status)
        if not isinstance(status, str) or status.lower() not in self._insurer.codes:
            raise AnswerError("without a status that is known")
        return self._insurer.codes[status.lower()]


class Pilot:
    """One parser for one vendor's habits."""

    def adapters(self, settings: Settings) -> Adapters:  # noqa: ARG002
        """Those of the first vendor, for everybody."""
        return FirstVendor()


class Production:
    """Adapters per partner, from their dialects' files."""

    def adapters(self, settings: Settings) -> Adapters:
        """Those of the dialects that ship, and of those in the folder of the settings."""
        folder = settings.dialects
        return PerPartner(Catalogue(folder), outbound.insurer(folder), outbound.laboratory(folder))


def _text(message: bytes | str, dialect: Dialect) -> tuple[str, str]:
    return decoded(message, dialect) if isinstance(message, bytes) else (message, "utf-8")


def _first(told: object, paths: tuple[str, ...]) -> Any:
    found = (outbound.at(told, path) for path in paths)
    return next((value for value in found if value is not None), None)


def _day(text: str) -> str:
    """19800517 as 1980-05-17."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text else ""
