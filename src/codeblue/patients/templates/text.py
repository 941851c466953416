"""Turns columns of numbers and times into columns of text, by tables of all the texts there are.

Every text is ASCII or UTF-8 in a numpy array of bytes (``S``), shorter ones padded with NUL. The
width of a result depends on the kind of text and never on the values, so any part of a column is
written as it would be in the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.draws import Bits, Dates, Ints
from codeblue.patients.rows import Text, Value

Letters = NDArray[np.uint8]

_FIRST_DAY = np.datetime64("1880-01-01", "D")
_AFTER_LAST_DAY = np.datetime64("2120-01-01", "D")
_SECONDS_IN_DAY = 24 * 60 * 60
_SECONDS_IN_MINUTE = 60
_EPOCH = 1970
_NOT_ASCII, _LEAD = 0x80, 0xC0  # from where bytes of UTF-8 are not ASCII, and begin a character
_AT_ONCE = 4  # digits that are looked up together
_TABLED = 20_000  # numbers below are looked up, others are formatted
_UUID_VERSION = (0xFFFF_FFFF_FFFF_0FFF, 0x4000)  # bits that stay, bits that are set
_UUID_VARIANT = (0x3FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000)


def words(texts: Iterable[str]) -> Text:
    """UTF-8."""
    return np.array([text.encode() for text in texts], dtype=np.bytes_)


def join(*parts: Value) -> Text:
    """The parts of each row one after the other."""
    joined = np.asarray(parts[0])
    for part in parts[1:]:
        joined = np.strings.add(joined, part)
    return joined


def dates(days: Dates) -> Text:
    """``YYYY-MM-DD`` of days from 1880 to 2119."""
    return _all_days(b"-")[_day_number(days)]


def compact_dates(days: Dates) -> Text:
    """``YYYYMMDD`` of days from 1880 to 2119, as HL7 v2 writes them."""
    return _all_days(b"")[_day_number(days)]


def timestamps(times: Dates, offset_minutes: int = 0) -> Text:
    """``YYYY-MM-DDThh:mm:ssZ`` of seconds in UTC, or local time with its offset from UTC."""
    day, second = _day_and_second(times, offset_minutes)
    zone = _zone(offset_minutes, ":") if offset_minutes else b"Z"
    return join(_all_days(b"-")[day], _all_times(b":", b"T")[second], zone)


def compact_timestamps(times: Dates, precision: str, offset_minutes: int = 0) -> Text:
    """``YYYYMMDDhhmm``, then ``ss``, then ``.000``, of seconds in UTC; with ``-0500`` when local.

    ``precision`` is ``minute``, ``second`` or ``millisecond`` (HL7 v2.5.1 section 2.A.77, DTM).
    """
    day, second = _day_and_second(times, offset_minutes)
    zone = _zone(offset_minutes, "") if offset_minutes else b""
    clock = _all_times(b"")[second]
    match precision:
        case "minute":
            return join(_all_days(b"")[day], clock.astype("S4"), zone)
        case "second":
            return join(_all_days(b"")[day], clock, zone)
        case _:
            return join(_all_days(b"")[day], clock, b".000" + zone)


def scaled(values: Ints, decimals: int) -> Text:
    """Whole numbers in units of their last decimal: 986 with one decimal is ``98.6``."""
    if len(values) and (values.min() < 0 or values.max() >= _TABLED):
        return np.array([_decimal(value, decimals) for value in values.tolist()], dtype=np.bytes_)
    return _all_numbers(decimals)[values]


def zero_padded(numbers: Ints, digits: int, base: int = 10) -> Text:
    """Numbers from 0 with leading zeros to ``digits`` digits; of longer ones the last digits.

    ``base`` is 10 or 16.
    """
    groups: list[Text] = []
    rest, left = numbers, digits
    while left:
        size = min(left, _AT_ONCE)
        rest, last = np.divmod(rest, base**size)
        groups.insert(0, _digits(last, size, base))
        left -= size
    return _beside(*groups)


def uuid_text(high: Bits, low: Bits) -> Text:
    """Random UUIDs of 2 x 64 random bits, 36 characters each (RFC 9562 section 5.4, version 4)."""
    parts: list[Text] = []
    for bits, (kept, added) in ((high, _UUID_VERSION), (low, _UUID_VARIANT)):
        quarters = (bits & np.uint64(kept) | np.uint64(added)).astype(">u8").view(">u2")
        parts += [_digits(quarters[place::4], 4, 16) for place in range(4)]
    a, b, c, d, e, *f = parts
    return _beside(a, b, b"-", c, b"-", d, b"-", e, b"-", *f)


def latin_1(value: Value) -> Value:
    """UTF-8 as ISO-8859-1, with NULs between the letters; ``?`` for what it does not have."""
    if isinstance(value, bytes):
        return value.decode().encode("iso-8859-1", "replace")
    each = letters(value)
    if not len(value) or each.max() < _NOT_ASCII:
        return value
    some = np.flatnonzero((each >= _NOT_ASCII).any(axis=1))
    before = each[some]
    after = np.where(before >= _LEAD, ord("?"), before)
    after[(before >= _NOT_ASCII) & (before < _LEAD)] = 0
    # U+0080 to U+00FF are two bytes, 110000xx 10xxxxxx: the first gives the upper two bits.
    row, place = np.nonzero((before == _LEAD + 2) | (before == _LEAD + 3))
    after[row, place] = 0
    after[row, place + 1] = (before[row, place] & 3) << 6 | before[row, place + 1] & 0x3F
    result = value.copy()
    result[some] = _texts(after)
    return result


def letters(text: Text) -> Letters:
    """The bytes of each text; shape (texts, width of the widest)."""
    return np.ascontiguousarray(text).view(np.uint8).reshape(len(text), text.itemsize)


def column(records: NDArray[Any], place: int, width: int) -> NDArray[np.void]:
    """A writable part of each record; whole parts are copied faster than their bytes."""
    return np.asarray(records.getfield(f"V{width}", place))


def _day_number(days: Dates) -> Ints:
    return (days.astype("datetime64[D]") - _FIRST_DAY).astype(np.int64)


def _day_and_second(times: Dates, offset_minutes: int) -> tuple[Ints, Ints]:
    seconds = (times.astype("datetime64[s]") - _FIRST_DAY).astype(np.int64)
    day, second = np.divmod(seconds + offset_minutes * _SECONDS_IN_MINUTE, _SECONDS_IN_DAY)
    return day, second


def _decimal(value: int, decimals: int) -> bytes:
    sign, size = ("-" if value < 0 else ""), abs(value)
    whole, part = divmod(size, 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}".encode() if decimals else f"{value}".encode()


@cache
def _all_days(separator: bytes) -> Text:
    day = np.arange(_FIRST_DAY, _AFTER_LAST_DAY)
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    return _beside(
        _digits(year.astype(np.int64) + _EPOCH, 4),
        separator,
        _digits((month - year).astype(np.int64) + 1, 2),
        separator,
        _digits((day - month).astype(np.int64) + 1, 2),
    )


@cache
def _all_times(separator: bytes, before: bytes = b"") -> Text:
    minute, second = np.divmod(np.arange(_SECONDS_IN_DAY), 60)
    hour, minute = np.divmod(minute, 60)
    hh, mm, ss = (_digits(part, 2) for part in (hour, minute, second))
    return _beside(before, hh, separator, mm, separator, ss)


@cache
def _all_numbers(decimals: int) -> Text:
    longest = len(str(_TABLED - 1))
    digits = letters(_digits(np.arange(_TABLED), longest))
    text = np.zeros((_TABLED, longest + 1), dtype=np.uint8)
    for length in range(decimals + 1, longest + 1):
        these = slice(10 ** (length - 1) if length > decimals + 1 else 0, 10**length)
        whole = length - decimals
        text[these, :whole] = digits[these, longest - length : longest - decimals]
        if decimals:
            text[these, whole] = ord(".")
            text[these, whole + 1 : length + 1] = digits[these, longest - decimals :]
    return _texts(text)


def _digits(numbers: NDArray[np.integer[Any]], count: int, base: int = 10) -> Text:
    return np.asarray(_all_digits(count, base)[numbers])


@cache
def _all_digits(count: int, base: int) -> Text:
    values = np.indices((base,) * count, dtype=np.uint8).reshape(count, -1).T
    return _texts(np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[values])


def _texts(each: Letters) -> Text:
    return np.ascontiguousarray(each).view(f"S{each.shape[1]}").reshape(len(each))


def _beside(*parts: Value) -> Text:
    """The parts of each row one after the other; the texts of one part are of the same width."""
    widths = [len(part) if isinstance(part, bytes) else part.itemsize for part in parts]
    count = next(len(part) for part in parts if not isinstance(part, bytes))
    result = np.empty(count, dtype=f"S{sum(widths)}")
    place = 0
    for part, width in zip(parts, widths, strict=True):
        if width:
            column(result, place, width)[:] = np.asarray(part).view(f"V{width}")
        place += width
    return result


def _zone(offset_minutes: int, separator: str) -> bytes:
    hours, minutes = divmod(abs(offset_minutes), 60)
    sign = "-" if offset_minutes < 0 else "+"
    return f"{sign}{hours:02d}{separator}{minutes:02d}".encode()
