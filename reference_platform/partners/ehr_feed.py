"""ADT as eight vendors write it, and its delivery to the hub's MLLP port."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from reference_platform import mllp

_FAMILIES = ("Müller", "O'Brien & Söhne", "Dvorak|Novak", "Ångström", "García\rLópez", "Smith^Jr")
_GIVEN = ("Anna", "José", "Zoë", "Émile", "Kim")
_TRIGGERS = ("A01", "A02", "A08", "A03")
_CLASSES = {"IMP": "I", "AMB": "O", "EMER": "E"}
_GENDERS = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_GARBAGE = (
    b"no HL7 at all",
    b"MSH|^~\\&|EHR",
    b"MSH|^~\\&|EHR|RIVERSIDE|||soon||ADT^A01|x|P|2.5.1",
)


@dataclass(frozen=True)
class Style:
    """How one vendor writes. Separators: field, component, repetition, escape, subcomponent.

    `facilities`: tenant -> MSH-4, where that is not its name. `others`: the types (PID-3.5)
    of the numbers before and after the record number, whose authority is `authority`. `stay`: the
    segment that tells the visit, PID when only its account number (PID-18) does.
    """

    application: str = "LEGACYADT"
    version: str = "2.5.1"
    separators: str = "|^~\\&"
    codec: str = "utf-8"
    charset: str = "UNICODE UTF-8"
    moment: str = "%Y%m%d%H%M%S"
    date: str = "%Y%m%d"
    offset: int = 0
    evn: bool = True
    stay: Literal["PV1", "ZVN", "PID"] = "PV1"
    record_number: Literal["PID-2", "PID-3"] = "PID-3"
    building: bool = False
    authority: str = "HOUSE"
    others: tuple[str, ...] = ()
    facilities: Mapping[str, str] = field(default_factory=dict)
    genders: Mapping[str, str] = field(default_factory=lambda: _GENDERS)
    classes: Mapping[str, str] = field(default_factory=lambda: _CLASSES)


STYLES: Mapping[str, Style] = {
    "default": Style(),
    "ashgrove": Style(
        "ASHGROVE", "2.3", codec="cp1252", charset="", moment="%Y%m%d%H%M", offset=1, evn=False,
        stay="PID", genders={"male": "1", "female": "2", "unknown": "9", "other": "O"},
    ),
    "birchline": Style("BIRCHLINE", separators="#*+!%", others=("PI", "SS")),
    "cedarcare": Style(
        "CEDARCARE", "2.3.1", codec="latin-1", charset="", moment="%d.%m.%Y %H:%M:%S",
        date="%d.%m.%Y", offset=1, authority="CEDAR", others=("MR", "PI"), building=True,
        genders=_GENDERS | {"female": "W", "other": "D"},
    ),
    "dunmore": Style(
        "DUNMORE", "2.4", stay="ZVN",
        facilities={"riverside": "RIVERSIDE", "lakeside": "LAKESIDE"},
    ),
    "elmwood": Style(
        "ELMWOOD", "2.5", charset="8859/1", codec="latin-1",
        facilities={"riverside": "0101", "lakeside": "0202"},
    ),
    "fernhill": Style(
        "FERNHILL", "2.6", moment="%Y-%m-%dT%H:%M:%S", date="%Y-%m-%d",
        genders={"female": "female", "male": "male", "other": "diverse", "unknown": "unknown"},
        classes={"IMP": "inpatient", "AMB": "outpatient", "EMER": "emergency"},
    ),
    "greyfriars": Style(
        "GREYFRIARS", "2.2", stay="PID", record_number="PID-2", moment="%Y%m%d%H%M"
    ),
}  # fmt: skip
"""By the name of the dialect that reads it."""


@dataclass(frozen=True)
class Written:
    """A message, and what it means: field of the canonical event -> value."""

    message: bytes
    meaning: Mapping[str, str]


@dataclass(frozen=True)
class Delivery:
    """What is to be sent to `port`: `count` messages of which `poison` cannot be read.

    `split` writes each frame in pieces; otherwise as many as fit go in one packet.
    """

    port: int
    dialect: str = "default"
    count: int = 25
    seed: int = 0
    facility: str = "riverside"
    poison: int = 0
    split: bool = False

    def __post_init__(self) -> None:
        """ValueError when it makes no sense."""
        numbers = (self.port, self.count, self.seed, self.poison)
        whole = all(isinstance(number, int) for number in numbers)
        if not whole or self.dialect not in STYLES or not isinstance(self.facility, str):
            raise ValueError("not a delivery")
        if not (0 < self.port < 1 << 16 and 0 <= self.poison <= self.count <= 10_000):  # noqa: PLR2004
            raise ValueError("not a delivery")


def write(dialect: str, number: int, seed: int = 0, facility: str = "riverside") -> Written:
    """Message `number` of a feed in `dialect`; the same for the same arguments."""
    return _Writer(dialect, number, seed, facility).written()


class _Writer:
    def __init__(self, dialect: str, number: int, seed: int, facility: str) -> None:
        self._dialect, self._style, self._facility = dialect, STYLES[dialect], facility
        chance = random.Random(f"{dialect}/{seed}/{number}")  # noqa: S311 - not a secret
        self._at = datetime(2031, 3, 3, 8) + timedelta(minutes=number)
        self._birth = datetime(1930, 1, 1) + timedelta(days=chance.randrange(30_000))
        self._name = f"{dialect[:4].upper()}{seed}-{number}"
        self._trigger = chance.choice(_TRIGGERS)
        self._gender = chance.choice(sorted(self._style.genders))
        self._class = chance.choice(sorted(self._style.classes))
        self._family, self._given = chance.choice(_FAMILIES), chance.choice(_GIVEN)

    def written(self) -> Written:
        style = self._style
        segments = [self._header()]
        moment = self._at.strftime(style.moment)
        segments += [self._segment("EVN", {1: self._trigger, 2: moment})] if style.evn else []
        segments += [self._person(), self._segment("ZPI", {1: "7", 3: self._text("a~b")})]
        segments += self._stay()
        message = "\r".join(segments) + "\r"
        return Written(message.encode(style.codec), self._meaning())

    def _header(self) -> str:
        style = self._style
        fields = {
            3: style.application, 4: style.facilities.get(self._facility, self._facility),
            5: "HUB", 6: "NETWORK", 7: self._at.strftime(style.moment),
            9: self._joined("ADT", self._trigger), 10: self._name, 11: "P", 12: style.version,
            18: style.charset,
        }  # fmt: skip
        # MSH-1 is the separator itself, so every field stands one place before its number.
        rest = self._segment("", {number - 2: text for number, text in fields.items()})
        return f"MSH{style.separators}{rest}"

    def _person(self) -> str:
        style, number = self._style, f"MRN{self._name}"
        numbers = [self._joined(number, "", "", style.authority, "MR")]
        elsewhere = [self._joined(f"{t}{self._name}", "", "", "OTHER", t) for t in style.others]
        fields = {
            1: "1", 3: style.separators[2].join([*elsewhere[:1], *numbers, *elsewhere[1:]]),
            5: self._joined(self._text(self._family), self._text(self._given)),
            7: self._birth.strftime(style.date), 8: style.genders[self._gender],
        }  # fmt: skip
        if style.record_number == "PID-2":
            fields |= {2: number, 3: f"OLD{self._name}"}
        if style.stay == "PID":
            fields[18] = self._visit
        return self._segment("PID", fields)

    def _stay(self) -> list[str]:
        style, code = self._style, self._style.classes[self._class]
        if style.stay == "PID":
            return []
        if style.stay == "ZVN":
            stay = self._segment("PV1", {1: "1", 2: code, 3: "HOUSE"})
            return [stay, self._segment("ZVN", {1: self._visit, 2: self._ward})]
        ward = f"HOUSE{style.separators[4]}{self._ward}" if style.building else self._ward
        place = self._joined(ward, "101")
        return [self._segment("PV1", {1: "1", 2: code, 3: place, 19: self._visit})]

    def _meaning(self) -> dict[str, str]:
        known = self._style.stay != "PID"
        utc = self._at - timedelta(hours=self._style.offset)
        return {
            "control_id": self._name, "dialect": self._dialect, "trigger": self._trigger,
            "occurred": f"{utc:%Y%m%d%H%M%S}.0000", "visit": self._visit,
            "tenant": self._facility, "patient": f"MRN{self._name}",
            "ward": self._ward if known else "",
            "visit_class": self._class if known else "",
            "family": self._family, "given": self._given,
            "birth_date": f"{self._birth:%Y-%m-%d}", "gender": self._gender,
        }  # fmt: skip

    @property
    def _visit(self) -> str:
        return f"V{self._name}"

    @property
    def _ward(self) -> str:
        return f"W{self._at.minute}"

    def _joined(self, *components: str) -> str:
        return self._style.separators[1].join(components)

    def _segment(self, name: str, fields: Mapping[int, str]) -> str:
        texts = [fields.get(number, "") for number in range(1, max(fields) + 1)]
        return self._style.separators[0].join([name, *texts])

    def _text(self, text: str) -> str:
        escape = self._style.separators[3]
        names = dict(zip(self._style.separators, "FSRET", strict=True)) | {"\r": "X0D"}
        return "".join(f"{escape}{names[c]}{escape}" if c in names else c for c in text)


async def deliver(delivery: Delivery) -> dict[str, object]:
    """Send the feed, each message once; a connection that the hub ends is opened again.

    Returns `sent`, `acknowledged` (MSA-1 -> count, `none` for a connection that ended), and the
    `visits` of the messages that can be read.
    """
    chance = random.Random(delivery.seed)  # noqa: S311 - not a secret
    poisoned = set(chance.sample(range(delivery.count), delivery.poison))
    arguments = (delivery.dialect, delivery.seed, delivery.facility)
    good = {n: _number(n, *arguments) for n in range(delivery.count) if n not in poisoned}
    answers: Counter[str] = Counter()
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    for number in range(delivery.count):
        connection = connection or await asyncio.open_connection("127.0.0.1", delivery.port)
        message = good[number].message if number in good else _poison(number)
        try:
            answers[await _sent(*connection, message, split=delivery.split)] += 1
        except (mllp.MllpError, OSError):
            answers["none"] += 1
            connection[1].close()
            connection = None
    if connection:
        connection[1].close()
    visits = [written.meaning["visit"] for written in good.values()]
    return {"sent": delivery.count, "acknowledged": dict(answers), "visits": visits}


def _number(number: int, dialect: str, seed: int, facility: str) -> Written:
    return write(dialect, number, seed, facility)


def _poison(number: int) -> bytes:
    """No two alike, or they would count as one."""
    return _GARBAGE[number % len(_GARBAGE)] + b"|" + str(number).encode()


async def _sent(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes, *, split: bool
) -> str:
    framed = mllp.frame(message)
    size = 40 if split else len(framed)
    for start in range(0, len(framed), size):
        writer.write(framed[start : start + size])
        await writer.drain()
        await asyncio.sleep(0)
    acknowledgement = await mllp.acknowledgement(reader)
    return acknowledgement.partition(b"\rMSA|")[2][:2].decode("ascii", "replace")
