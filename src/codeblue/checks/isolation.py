"""Oracle for tenants on one platform: what an intruder is shown, and what he changes.

A disclosure is an answer with something of the owner's that the intruder did not send himself. A
foreign write is a difference in what the owner reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from codeblue.checks.patience import UNAVAILABLE, send_patiently

Staff = Mapping[str, httpx.Client]
"""Clients of one tenant, by role."""


@dataclass(frozen=True)
class Things:
    """What the owner has: ids by name, and texts that nobody else can know."""

    ids: Mapping[str, str]
    secrets: Sequence[str]

    def fill(self, template: str) -> str:
        """``template`` with every ``{name}`` replaced by the id of that name."""
        for name, value in self.ids.items():
            template = template.replace(f"{{{name}}}", value)
        return template


@dataclass(frozen=True)
class Attempt:
    """One request by somebody in ``role``. ``{name}`` in path, body and headers is an owner's id.

    ``warm``: the owner sends the same request first, so that caches hold his answer.
    """

    source: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    warm: bool = False
    role: str = "clinician"

    def request(self, client: httpx.Client, things: Things) -> httpx.Request:
        """The request as ``client`` would send it."""
        headers = {name: things.fill(value) for name, value in self.headers.items()}
        content = None if self.body is None else things.fill(json.dumps(self.body))
        if content is not None:
            headers = {"Content-Type": "application/json"} | headers
        return client.build_request(
            self.method, things.fill(self.path), content=content, headers=headers
        )

    def id_sources(self) -> frozenset[str]:
        """The sources of ids in this attempt, as ``codeblue.checks.operations`` names them."""
        query = httpx.URL(self.path).params.keys()
        body = self.body if isinstance(self.body, dict) else {}
        return frozenset({f"query:{name}" for name in query} | {f"body:{name}" for name in body})

    def __str__(self) -> str:
        return f"{self.method} {self.path} by {self.source} ({self.role})"


class OwnerView:
    """What the owner reads by some attempts of his own, and whether it has changed since."""

    def __init__(self, owners: Staff, reads: Sequence[Attempt], things: Things) -> None:
        self._owners, self._reads, self._things = owners, reads, things
        self._last = self._look()

    def changes(self) -> list[str]:
        """The paths that now read differently from the last look."""
        before, self._last = self._last, self._look()
        return [path for path, seen in before.items() if seen != self._last[path]]

    def _look(self) -> dict[str, tuple[int, bytes]]:
        answers = {read.path: self._read(read) for read in self._reads}
        return {path: (answer.status_code, answer.content) for path, answer in answers.items()}

    def _read(self, read: Attempt) -> httpx.Response:
        owner = self._owners[read.role]
        return send_patiently(owner, read.request(owner, self._things))


@dataclass(frozen=True)
class Intrusions:
    """What came of the attempts, each named as ``METHOD path by source``."""

    attempts: int
    disclosures: list[str]
    foreign_writes: list[str]
    undecided: list[str]
    """Not served, for a reason that is not the intruder's identity."""


def intrude(
    intruders: Staff,
    owners: Staff,
    view: OwnerView,
    attempts: Sequence[Attempt],
    things: Things,
) -> Intrusions:
    """Make every attempt in turn; look at the owner's things after each write that succeeded.

    Once more at the end, for a write that was answered as refused and done all the same.
    """
    disclosures, foreign_writes, undecided = [], [], []
    for attempt in attempts:
        owner, intruder = owners[attempt.role], intruders[attempt.role]
        if attempt.warm:
            owner.send(attempt.request(owner, things))
        request = attempt.request(intruder, things)
        answer = send_patiently(intruder, request)
        if answer.status_code in UNAVAILABLE:
            undecided.append(str(attempt))
        if disclosed(request, answer, things.secrets):
            disclosures.append(str(attempt))
        if attempt.method != "GET" and answer.is_success and view.changes():
            foreign_writes.append(str(attempt))
    foreign_writes += [f"{path} by a write answered as refused" for path in view.changes()]
    return Intrusions(len(attempts), disclosures, foreign_writes, undecided)


def disclosed(request: httpx.Request, answer: httpx.Response, secrets: Sequence[str]) -> list[str]:
    """The ``secrets`` in ``answer`` that ``request`` did not hold itself."""
    sent = f"{request.url} {dict(request.headers)} {request.content.decode()}"
    return [secret for secret in secrets if secret in answer.text and secret not in sent]
