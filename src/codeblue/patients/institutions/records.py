"""Records: what an institution keeps of the persons it knows, and how it numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from codeblue.patients.draws import Bits, Bools, Draws, Ints
from codeblue.patients.institutions import Institution
from codeblue.patients.people.persons import Known
from codeblue.patients.rows import Text
from codeblue.patients.templates.text import join, uuid_text, zero_padded

HOME, VISITED, DUPLICATE = range(3)
"""``copy`` of a record: at the home institution, at another one, and made there by mistake."""

_COPIES = 4  # of each person, with one to spare
_TURNS = 3
_WORD = (1 << 64) - 1


@dataclass(frozen=True)
class Records:
    """The Patient records of one institution about some persons, ordered by person and copy.

    ``row`` is the place of the person among the persons they were drawn from. The same record
    always has the same ``id`` (a UUID as text, unique across institutions, copies and seeds) and
    the same ``number`` (the institution's medical record number).
    """

    institution: int
    row: Ints
    person: Ints  # index in the population
    copy: Ints  # HOME, VISITED or DUPLICATE
    id: Text  # 36 bytes
    number: Text


def records(
    persons: Known, number: int, institution: Institution, draws: Draws, mess: float = 1.0
) -> Records:
    """The records that ``institution``, the population's ``number``-th, keeps of ``persons``.

    Some of those at home there have a duplicate too, as ``is_duplicated`` says.
    """
    home = persons.home == number
    twice = home & is_duplicated(persons, institution, draws, mess)
    known = (home, (persons.visited == number) & ~home, twice)
    # One column per copy: read row by row, this is ordered by person and then by copy.
    row, copy = np.nonzero(np.column_stack(known))
    person = persons.start + row
    return Records(
        institution=number,
        row=row,
        person=person,
        copy=copy,
        id=record_ids(person, copy, draws.seed),
        number=record_numbers(person, copy, number, institution, draws.seed),
    )


def is_duplicated(persons: Known, institution: Institution, draws: Draws, mess: float) -> Bools:
    """Who of ``persons``, if at home in ``institution``, has a second record there by mistake.

    ``mess`` scales the rate of the institution's profile.
    """
    rate = institution.profile.faults.get("duplicate", 0.0) * mess
    return draws.uniform("record:duplicate", persons.start, len(persons)) < rate


def record_ids(person: Ints, copy: Ints, seed: int) -> Text:
    """UUIDs (36 bytes each) of the copies of any persons; one institution has each copy at most."""
    key = np.uint64(_mixed_key(seed))
    high = _mix(_mix((person * _COPIES + copy).astype(np.uint64) ^ key))
    return uuid_text(high, _mix(high ^ key))


def record_numbers(
    person: Ints, copy: Ints, number: int, institution: Institution, seed: int
) -> Text:
    """Record numbers of the copies of any persons at ``institution``, the ``number``-th.

    They are distinct, and show neither whose they are nor which belong together. When the digits
    of the profile run out, more are put on.
    """
    habit = institution.profile.record_number
    key = _mixed_key(seed + crc32(f"record-number:{number}".encode()))
    # A person has at most two records at one institution, and one of them is the duplicate.
    surplus, rest = np.divmod(2 * person + (copy == DUPLICATE), 10**habit.digits)
    digits = zero_padded(_shuffle(rest, habit.digits, key), habit.digits)
    more = np.where(surplus > 0, surplus.astype("S"), b"") if surplus.any() else b""
    return join(np.full(len(person), habit.prefix.encode()), digits, more)


def _shuffle(values: Ints, digits: int, key: int) -> Ints:
    """A permutation of the numbers of ``digits`` digits: an alternating Feistel network.

    See Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002.
    """
    high_space, low_space = 10 ** (digits // 2), 10 ** (digits - digits // 2)
    high, low = np.divmod(values, low_space)
    for turn in range(_TURNS):
        high = (high + _hash(low, key + turn)) % high_space
        low = (low + _hash(high, key + turn)) % low_space
    return np.asarray(high * low_space + low)


def _hash(values: Ints, key: int) -> Ints:
    """31 well-mixed bits."""
    mixed = _mix(values.astype(np.uint64) ^ np.uint64(key & _WORD))
    return (mixed >> np.uint64(33)).astype(np.int64)


def _mix(bits: Bits) -> Bits:
    """SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), a permutation of the 64-bit numbers."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _mixed_key(key: int) -> int:
    return int(_mix(np.array([key & _WORD], dtype=np.uint64))[0])
