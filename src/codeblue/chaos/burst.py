"""A burst: the same few requests many times, close together, each waited for as patiently."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx

from codeblue.chaos import baseline
from codeblue.errors import CodeblueError, UsageError, did_you_mean

if TYPE_CHECKING:
    from codeblue.session import Session

_KEYS = ("method", "path", "body", "given")
_KEYS_OF_GIVEN = ("method", "path", "body", "role")
_PATIENT, _UNIQUE, _GIVEN = "{patient}", "{unique}", "{given}"
_GIVEN_SECONDS = 10.0
_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class Request:
    """One request; ``given`` is sent before it, as its own ``role``, and makes what it is about."""

    method: str
    path: str
    body: Any = None
    given: Request | None = None
    role: str = ""


@dataclass(frozen=True)
class Answer:
    """How one request ended. ``status`` is 0 when the connection ended without an answer."""

    status: int
    seconds: float
    hung: bool = False
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """The platform did what was asked."""
        return self.status in _SUCCESS

    def field(self, path: str) -> Any:
        """What stands at ``path`` (``news2.score``) in a JSON answer; None when nothing does."""
        try:
            node = json.loads(self.body)
        except ValueError:
            return None
        for name in path.split("."):
            node = node.get(name) if isinstance(node, dict) else None
        return node


@dataclass(frozen=True)
class Workload:
    """Requests as an experiment writes them, and who sends them.

    Without a ``tenant`` it is the first one of codeblue.toml. ``{patient}`` in a path or a body
    becomes the id of a seeded patient, ``{unique}`` a fresh identifier, and ``{given}`` the id of
    what the pattern's own ``given`` request has made for this one request. Every request takes the
    next patient, so that what the platform cached during the control does not answer for it while
    the fault is active.
    """

    requests: Sequence[Mapping[str, Any]]
    tenant: str = ""
    role: str = "clinician"
    through: str = ""

    def address(self, session: Session) -> str:
        """Where they are sent: past the fault proxy, or ``through`` an edge in front of it."""
        return f"http://{session.edge(self.through).listen}" if self.through else session.base_url

    def of(self, session: Session) -> str:
        """The tenant that sends them: the one that is named, or the first of codeblue.toml."""
        return self.tenant or next(iter(session.target.tenants), "")

    def take(self, session: Session, count: int) -> list[Request]:
        """The next ``count`` requests, the patterns in turn.

        Raises:
            UsageError: a pattern that is not a request, or no patient to put in.
            CodeblueError: the platform does not make what a pattern has as ``given``.
        """
        patterns = [_checked(pattern) for pattern in self.requests]
        if not patterns:
            raise UsageError("requests: none are given. List at least one with method and path.")
        needed = any(_PATIENT in f"{pattern.path}{pattern.body}" for pattern in patterns)
        patients = _patients(session, self.of(session)) if needed else itertools.repeat("")
        turns = zip(itertools.islice(itertools.cycle(patterns), count), patients, strict=False)
        return [self._filled(session, pattern, patient) for pattern, patient in turns]

    def _filled(self, session: Session, pattern: Request, patient: str) -> Request:
        values = {_PATIENT: patient, _UNIQUE: str(uuid.uuid4())}
        if pattern.given is not None:
            values[_GIVEN] = self._made(session, _fill(pattern.given, values))
        return _fill(pattern, values)

    def _made(self, session: Session, given: Request) -> str:
        """The id of what ``given`` makes."""
        maker = replace(self, role=given.role or self.role)
        answers = maker.send_these(session, [given], _GIVEN_SECONDS, 0.0)
        if not answers[0].ok or not (made := answers[0].field("id")):
            raise CodeblueError(
                f"given: {given.method} {given.path} made nothing ({_word(answers[0])}), so what "
                "needs it cannot be asked for."
            )
        return str(made)

    def send(self, session: Session, count: int, patience: float, over: float) -> list[Answer]:
        """Send ``count`` requests, evenly over ``over`` seconds; wait ``patience`` for each."""
        return self.send_these(session, self.take(session, count), patience, over)

    def send_these(
        self, session: Session, requests: Sequence[Request], patience: float, over: float
    ) -> list[Answer]:
        """Send what ``take`` gave, perhaps once more, as ``send`` does."""
        headers = session.headers(self.of(session), self.role)
        arrivals = [over * number / len(requests) for number in range(len(requests))]
        return asyncio.run(_send_all(self.address(session), headers, requests, arrivals, patience))


def _patients(session: Session, tenant: str) -> Iterator[str]:
    """Seeded patients of ``tenant`` without end, from where the last workload stopped."""
    patients = sorted(session.patients(tenant))
    random.Random(session.seed).shuffle(patients)  # noqa: S311 - an order, not a secret
    while True:
        yield patients[baseline.count(f"patient:{tenant}") % len(patients)]


def statuses(answers: Sequence[Answer]) -> dict[str, int]:
    """How many answers had which status; ``no answer`` and ``hung`` beside the HTTP codes."""
    counted = Counter(_word(answer) for answer in answers)
    return dict(sorted(counted.items()))


def _word(answer: Answer) -> str:
    if answer.hung:
        return "hung"
    return str(answer.status) if answer.status else "no answer"


def _checked(pattern: Mapping[str, Any], keys: Sequence[str] = _KEYS) -> Request:
    for key in pattern:
        if key not in keys:
            raise UsageError(f'requests: unknown key "{key}". {did_you_mean(key, keys)}')
    if "path" not in pattern:
        raise UsageError('requests: a request has no "path". Add one that begins with "/".')
    first = pattern.get("given")
    return Request(
        method=pattern.get("method", "GET"),
        path=pattern["path"],
        body=pattern.get("body"),
        given=None if first is None else _checked(first, _KEYS_OF_GIVEN),
        role=pattern.get("role", ""),
    )


def _fill(pattern: Request, values: Mapping[str, str]) -> Request:
    path, body = _replace(pattern.path, values), _replace(pattern.body, values)
    return replace(pattern, path=path, body=body, given=None)


def _replace(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _replace(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_replace(value, values) for value in node]
    if isinstance(node, str):
        for placeholder, value in values.items():
            node = node.replace(placeholder, value)
    return node


async def _send_all(
    base_url: str,
    headers: Mapping[str, str],
    requests: Sequence[Request],
    arrivals: Sequence[float],
    patience: float,
) -> list[Answer]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=base_url, headers=dict(headers), timeout=patience, limits=limits, trust_env=False
    ) as client:
        due = zip(requests, arrivals, strict=True)
        return await asyncio.gather(*(send_one(client, *one, patience) for one in due))


async def send_one(
    client: httpx.AsyncClient, request: Request, arrival: float, patience: float
) -> Answer:
    """Send ``request`` in ``arrival`` seconds, and wait ``patience`` seconds for its end."""
    await asyncio.sleep(arrival)
    started = time.monotonic()
    try:
        async with asyncio.timeout(patience):
            response = await client.request(request.method, request.path, json=request.body)
        status, hung, body = response.status_code, False, response.content
    except (TimeoutError, httpx.TimeoutException):
        status, hung, body = 0, True, b""
    except httpx.TransportError:
        status, hung, body = 0, False, b""
    return Answer(status, time.monotonic() - started, hung, body)
