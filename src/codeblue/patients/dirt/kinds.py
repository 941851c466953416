"""All kinds of dirt, by the names that the fault rates of institutions use."""

from __future__ import annotations

from codeblue.patients.dirt.codes import RetiredCode, WrongCode
from codeblue.patients.dirt.dates import (
    BirthDateSlip,
    ClockSkew,
    FutureDate,
    MixedDateFormat,
    TimeZoneSlip,
)
from codeblue.patients.dirt.duplicates import Duplicate
from codeblue.patients.dirt.encoding import Mojibake
from codeblue.patients.dirt.identity import MissingIdentifier, NameTypo, SexCode, SwappedNames
from codeblue.patients.dirt.kind import FieldKind, Kind
from codeblue.patients.dirt.messages import (
    MessageKind,
    OutOfOrderMessage,
    RepeatedMessage,
    TruncatedSegment,
)
from codeblue.patients.dirt.references import OrphanReference, WrongPatient
from codeblue.patients.dirt.values import FAHRENHEIT_AS_CELSIUS, UNIT_SLIP, ImpossibleValue

DUPLICATES = Duplicate()
"""Made with the records themselves; here their details drift."""
FIELD_KINDS: tuple[FieldKind, ...] = (
    MissingIdentifier(),
    NameTypo(),
    SwappedNames(),
    SexCode(),
    MixedDateFormat(),
    BirthDateSlip(),
    FutureDate(),
    TimeZoneSlip(),
    ClockSkew(),
    UNIT_SLIP,
    FAHRENHEIT_AS_CELSIUS,
    ImpossibleValue(),
    Mojibake(),
    WrongCode(),
    RetiredCode(),
    WrongPatient(),
    OrphanReference(),
)
MESSAGE_KINDS: tuple[MessageKind, ...] = (
    TruncatedSegment(),
    RepeatedMessage(),
    OutOfOrderMessage(),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (DUPLICATES, *FIELD_KINDS, *MESSAGE_KINDS)}
