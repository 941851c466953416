"""HTTP replies as Toxiproxy writes them."""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from itertools import count

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
NOSNIFF = ("X-Content-Type-Options", "nosniff")
BODILESS = frozenset({HTTPStatus.NO_CONTENT})

_PROCESS = os.urandom(5)
_COUNT = count(int.from_bytes(os.urandom(2)))


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; `matched` says that a route handled it, which gives it a request id."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    matched: bool = True

    def encode(self, *, close: bool, head: bool) -> bytes:
        """The bytes on the wire; `head` leaves out the body and its length."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.matched:
            lines.append(f"X-Toxiproxy-Request-Id: {request_id()}")
        lines.append(f"Date: {formatdate(usegmt=True)}")
        if not head and self.status not in BODILESS:
            lines.append(f"Content-Length: {len(self.body)}")
        if close:
            lines.append("Connection: close")
        head_bytes = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return head_bytes if head else head_bytes + self.body


class ApiError(Exception):
    """A request that is answered with an error; the text is for the client."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def json_reply(status: int, body: bytes) -> Reply:
    """A JSON answer."""
    return Reply(status, body, (("Content-Type", JSON),))


def text_reply(status: int, text: str, *, matched: bool) -> Reply:
    """An answer in plain text, as Go's `http.Error` writes it."""
    return Reply(status, text.encode(), (("Content-Type", TEXT), NOSNIFF), matched)


def bare_reply(status: int) -> Reply:
    """An answer to what is no request at all, in Go's words for the status."""
    text = f"{status} {_phrase(status)}"
    return Reply(status, text.encode(), (("Content-Type", TEXT),), matched=False)


def request_id() -> str:
    """A sortable id of 20 characters (xid: time, process, count)."""
    raw = int(time.time()).to_bytes(4) + _PROCESS + (next(_COUNT) % (1 << 24)).to_bytes(3)
    return base64.b32hexencode(raw).decode().rstrip("=").lower()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
