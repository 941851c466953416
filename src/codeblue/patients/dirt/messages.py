"""On the way: messages that were cut off, sent twice, or overtook an earlier one of the patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from codeblue.patients.dirt.kind import Kind
from codeblue.patients.rows import Rows

_END = b"\r"  # of a segment (HL7 v2.5.1 section 2.5.1)
_ID = 3  # letters of the name of a segment
_LATIN_1 = b"8859/1"  # HL7 table 0211


class Damage(NamedTuple):
    """What is now in a place, and what should be."""

    place: str
    before: str
    after: str


class Queue:
    """Messages in the order in which they are sent, each as many ``times`` as it is sent.

    ``blocks`` are the rows that the messages were rendered from, one block after the other, with
    the times of their events as ``typed["at"]``.
    """

    def __init__(self, messages: Sequence[bytes], blocks: Sequence[Rows]) -> None:
        self.messages = list(messages)
        self.times = np.ones(len(messages), dtype=np.int64)
        at = np.concatenate([rows.typed["at"] for rows in blocks])
        self._order = np.argsort(at, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(at))
        self._person = np.concatenate([rows.person for rows in blocks])
        self._copy = np.concatenate([rows.copy for rows in blocks])
        # All blocks are of one institution, which writes in one character set.
        latin = blocks[0].fields.get("character_set") == _LATIN_1
        self._encoding = "latin-1" if latin else "utf-8"

    def earlier(self, message: int) -> list[int]:
        """The messages about the same record that are sent before, in order."""
        same = (self._person == self._person[message]) & (self._copy == self._copy[message])
        places = np.sort(self._place[same])
        earlier: list[int] = self._order[places[places < self._place[message]]].tolist()
        return earlier

    def exchange(self, one: int, other: int) -> None:
        """Let two messages change places."""
        pair = [one, other]
        self._place[pair] = self._place[pair[::-1]]
        self._order[self._place[pair]] = pair

    def text(self, part: bytes) -> str:
        """What a part of a message says, though it may end within a letter."""
        return part.decode(self._encoding, "replace")

    def all(self) -> list[bytes]:
        """What is sent."""
        order = np.repeat(self._order, self.times[self._order])
        return [self.messages[index] for index in order.tolist()]


class MessageKind(Kind, Protocol):
    """A kind that spoils a rendered message, or its place among the others."""

    def damage(self, queue: Queue, message: int, choice: int) -> Damage | None:
        """Spoil it; None when there is nothing to spoil."""


class TruncatedSegment:
    """The connection broke, or a column of the interface engine was too narrow."""

    name = "truncated-segment"
    title = "the message ends in the middle of a segment"

    def damage(self, queue: Queue, message: int, choice: int) -> Damage | None:
        """Keep a part of a segment, and nothing that follows it."""
        segments = queue.messages[message].rstrip(_END).split(_END)
        rest, chosen = divmod(choice, max(len(segments) - 1, 1))
        if len(segments) == 1:
            return None
        segment = segments[chosen + 1]
        kept = segment[: _ID + rest % max(len(segment) - _ID, 1)]
        queue.messages[message] = _END.join([*segments[: chosen + 1], kept, b""])
        return Damage(*map(queue.text, (segment[:_ID], segment, kept)))


class RepeatedMessage:
    """The acknowledgement was lost, so the sender sent it again."""

    name = "repeated-message"
    title = "the same message arrives twice"

    def damage(self, queue: Queue, message: int, choice: int) -> Damage | None:  # noqa: ARG002
        """Once more, with the same control id."""
        queue.times[message] += 1
        return Damage("count", "1", "2")


class OutOfOrderMessage:
    """A message waited in a queue while a later one went by."""

    name = "out-of-order-message"
    title = "a message arrives before an earlier one of the same patient"

    def damage(self, queue: Queue, message: int, choice: int) -> Damage | None:  # noqa: ARG002
        """Change places with the one before it."""
        earlier = queue.earlier(message)
        if not earlier:
            return None
        queue.exchange(message, earlier[-1])
        return Damage("position", str(len(earlier) + 1), str(len(earlier)))
