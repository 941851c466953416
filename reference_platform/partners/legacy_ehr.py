"""The legacy EHR: takes HL7 v2 orders and admissions over MLLP, and acknowledges each one."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from json import JSONDecodeError

import hl7
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reference_platform import mllp
from reference_platform.partners.ehr_feed import Delivery, deliver
from reference_platform.partners.mode import Mode

ENCODING = "utf-8"
ACCEPTED = frozenset({"ORM", "ADT"})
"""The message types (MSH-9.1) that it knows."""
KEPT = 20_000
"""The orders that it remembers: the latest ones."""

# What the parser raises for missing parts, repeated separators and wrong bytes.
_UNREADABLE = (hl7.HL7Exception, ValueError, LookupError, TypeError, AssertionError)
_HABITS = ("plain", "code page", "twice", "late")


class LegacyEhr:
    """What it was told, and how well it behaves.

    A real one answers in its own code page, repeats its acknowledgements, repeats that of a
    message before, and fails by AE or by closing the connection without a word.
    """

    def __init__(self) -> None:
        self.mode = Mode()
        self.messages = 0
        self._orders: OrderedDict[str, str] = OrderedDict()
        self._repeated = 0
        self._traced = 0
        self._before: deque[bytes] = deque(maxlen=1)

    async def answer(self, message: bytes) -> Sequence[bytes]:
        """The acknowledgements of `message`; MllpError when the connection is to break."""
        self.messages += 1
        self._traced += b"\rZTR|" in message
        if await self.mode.fails():
            if self.mode.real and self.mode.chance.random() < 0.5:  # noqa: PLR2004
                raise mllp.MllpError("the EHR closes the connection")
            return [_failure(message)]
        self._note(message)
        acknowledgement = await acknowledge(message)
        answers = self._habitual(acknowledgement)
        self._before.append(acknowledgement)
        return answers

    def controls(self, prefix: str) -> list[Route]:
        """`POST mode`, `GET calls` and `POST feed`, by HTTP under `prefix`."""
        return [
            self.mode.route(f"{prefix}/mode"),
            Route(f"{prefix}/calls", self._calls, methods=["GET"]),
            Route(f"{prefix}/feed", _feed, methods=["POST"]),
        ]

    def _habitual(self, acknowledgement: bytes) -> list[bytes]:
        habit = self.mode.chance.choice(_HABITS) if self.mode.real else "plain"
        if habit == "code page":
            ours = acknowledgement.replace(b"|LEGACY|EHR|", "|LEGACY|KÜSTE|".encode("cp1252"))
            return [ours]
        if habit == "late":
            return [*self._before, acknowledgement]
        return [acknowledgement] * (2 if habit == "twice" else 1)

    def _note(self, message: bytes) -> None:
        """Remember the order; a cancelled one stays so, even when it arrives after that."""
        try:
            control = hl7.parse(message, encoding=ENCODING).segment("ORC")
            action, order = str(control[1]), str(control[2])
        except _UNREADABLE:
            return
        known = self._orders.get(order)
        self._repeated += known == "placed" and action == "NW"
        cancelled = action == "CA" or known == "cancelled"
        self._orders[order] = "cancelled" if cancelled else "placed"
        if len(self._orders) > KEPT:
            self._orders.popitem(last=False)

    async def _calls(self, _request: Request) -> JSONResponse:
        """How many messages came; distinct orders, as they stand; repetitions; with a trace."""
        states = list(self._orders.values())
        return JSONResponse(
            {
                "calls": self.messages,
                "orders": states.count("placed"),
                "cancelled": states.count("cancelled"),
                "repeated": self._repeated,
                "traced": self._traced,
            }
        )


async def _feed(request: Request) -> JSONResponse:
    """Send ADT messages in a dialect of this EHR, and tell what became of them."""
    try:
        delivery = Delivery(**await request.json())
    except (JSONDecodeError, UnicodeDecodeError, TypeError, ValueError):
        sentence = "a feed has port, dialect, count, seed, facility, poison and split."
        return JSONResponse({"error": sentence}, status_code=400)
    return JSONResponse(await deliver(delivery))


async def acknowledge(message: bytes) -> bytes:
    """The acknowledgement of `message`, as table 0008 of HL7 v2 has it.

    AA for an order or an admission, AR for a type that it does not know, AE for what cannot be
    read as HL7 v2. MSA-2 repeats the control id of the message (MSH-10).
    """
    try:
        received = hl7.parse(message, encoding=ENCODING)
        answer = received.create_ack(_code(received), application="LEGACY", facility="EHR")
    except _UNREADABLE:
        return _negative_acknowledgement()
    return str(answer).encode(ENCODING)


def _code(message: hl7.Message) -> str:
    header = message.segment("MSH")
    kind, control_id = str(header[9][0][0]), str(header[10])
    if not control_id:
        return "AE"
    return "AA" if kind in ACCEPTED else "AR"


def _failure(message: bytes) -> bytes:
    try:
        answer = hl7.parse(message, encoding=ENCODING).create_ack("AE", application="LEGACY")
    except _UNREADABLE:
        return _negative_acknowledgement()
    return str(answer).encode(ENCODING)


def _negative_acknowledgement() -> bytes:
    """An AE for a message whose header says nothing: no control id to repeat."""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    header = f"MSH|^~\\&|LEGACY|EHR|||{now}||ACK|{now}|P|2.5.1"
    return f"{header}\rMSA|AE||the message cannot be read as HL7 v2\r".encode(ENCODING)
