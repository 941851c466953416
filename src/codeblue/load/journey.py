"""The base of every journey: a Locust user who knows the platform, its tenants and its patients.

A journey is an ordinary Locust user class. It runs alone (``locust -f <file> --headless``, against
the platform that ``codeblue up`` started), and the same class runs under a planned load.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import uuid4

import orjson
from locust import FastHttpUser, constant
from locust.contrib.fasthttp import FastResponse, ResponseContextManager
from locust.exception import StopTest

from codeblue.errors import UsageError
from codeblue.load.journeys.step import Action, History, Step
from codeblue.load.ledger import Acknowledged, Entry, LedgerWriter, Unconfirmed
from codeblue.session import Session, attach

if TYPE_CHECKING:
    from locust.env import Environment

_CREATED = 201
_REPLACED = (200, 201)
_REMOVED = (200, 202, 204)

T = TypeVar("T")


class Journey(FastHttpUser):
    """A user who turns to one patient after the other, of each tenant in turn.

    Run alone, a user acts once a second. Under a planned load it acts when an arrival is due.
    """

    abstract = True
    wait_time = constant(1)
    connection_timeout = 10.0
    network_timeout = 10.0
    # One connection per user, as with a browser that asks one thing at a time.
    concurrency = 1

    role: ClassVar[str] = "clinician"
    media_type: ClassVar[str] = "application/json"
    only_tenant: ClassVar[str] = ""
    """Act for this tenant alone; by default for all of them in turn."""
    ledger: ClassVar[LedgerWriter | None] = None
    _turns: ClassVar[count[int]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._turns = count()

    def __init__(self, environment: Environment) -> None:
        # Drawn per user, so that neither other workers nor other loads write the same.
        self._mark, self._marked = uuid4().hex[:12], count()
        try:
            self.session = _session()
            self.host = self.host or self.session.base_url
            super().__init__(environment)
            self.tenants = [self.only_tenant] if self.only_tenant else _tenants()
            self.act_for(self.tenants[0])
            self.prepare()
        except UsageError as error:
            # Of other errors Locust tells, and then waits for this user for ever.
            raise StopTest(str(error)) from None

    def prepare(self) -> None:
        """What a journey needs once, before the first arrival; to be overridden.

        Raises:
            UsageError: it cannot be had; nothing is then begun.
        """

    def next_patient(self) -> str:
        """The id of a seeded patient of the tenant whose turn it is; from now on act for it."""
        self.act_for(self.tenants[next(self._turns) % len(self.tenants)])
        return self.pick(_patients(self.tenant))

    def act_for(self, tenant: str) -> None:
        """Send what follows with the credentials of this journey's role at ``tenant``."""
        self.tenant = tenant
        self.identify(_token(tenant, self.role))

    def identify(self, token: str | None) -> None:
        """Send what follows with this bearer token; with none, say nothing of who asks."""
        headers = self.client.client.default_headers
        if token is None:
            headers.pop("Authorization", None)
        else:
            headers["Authorization"] = f"Bearer {token}"

    def pick(self, among: Sequence[T]) -> T:
        """One of them, drawn at random."""
        return random.choice(among)  # noqa: S311 - a workload, not a secret

    def happens(self, share: float) -> bool:
        """True in this share (0 to 1) of all cases."""
        return random.random() < share  # noqa: S311 - a workload, not a secret

    def unique(self, prefix: str = "") -> str:
        """A text that no other call gives, in any process: ``prefix``, hex digits, ``-``, number.

        At most 20 characters without the prefix, as HL7 v2 allows for a control id.
        """
        return f"{prefix}{self._mark}-{next(self._marked)}"

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ResponseContextManager:
        """Send ``body`` as JSON; the answer is for a ``with`` block, at whose end it counts."""
        return self.client.request(
            method,
            path,
            name=name,
            data=orjson.dumps(body).decode(),
            headers={"Content-Type": self.media_type, **(headers or {})},
            catch_response=True,
        )

    def create(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        kind: str,
        patient: str,
        where: str,
        must: Sequence[str],
        headers: Mapping[str, str] | None = None,
        status: int = _CREATED,
    ) -> str | None:
        """POST ``body``; when the platform answers ``status`` with an id, hold it to that.

        ``where`` is the path to read it back, with ``{id}`` for the new id; ``must`` names the
        fields of ``body`` that have to be there then, ``id`` the new id. Returns the id, or
        ``None`` when nothing was created, which counts as a failed request.
        """
        invoked = time.time()
        with self.send("POST", path, body, headers=headers) as answer:
            identity = identity_in(answer) if answer.status_code == status else None
            if identity is None:
                answer.failure(f"{path}: {answer.status_code} is not {status} with an id")
            else:
                known = {**body, "id": identity}
                promised = {field: known[field] for field in must}
                place = where.replace("{id}", identity)
                self.acknowledge(kind, identity, patient, place, promised, invoked)
        return identity

    def replace(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        kind: str,
        patient: str,
        must: Sequence[str],
        name: str,
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        """PUT ``body``, which has an id, to where it is read; hold the platform to it if it did.

        Without a clear answer it counts as unconfirmed: it may have replaced what was there.
        """
        promised = {field: body[field] for field in must}
        invoked, done = time.time(), False
        try:
            with self.send("PUT", path, body, name=name, headers=headers) as answer:
                done = answer.status_code in _REPLACED
                if done:
                    self.acknowledge(kind, body["id"], patient, path, promised, invoked)
        finally:
            if not done:
                self.doubt(kind, body["id"], path, promised)
        return done

    def remove(
        self, path: str, *, kind: str, patient: str, name: str, headers: Mapping[str, str]
    ) -> bool:
        """DELETE what is read at ``path``, which ends with its id; hold the platform to that."""
        identity, invoked, done = path.rpartition("/")[2], time.time(), False
        try:
            with self.client.delete(
                path, name=name, headers=dict(headers), catch_response=True
            ) as answer:
                done = answer.status_code in _REMOVED
                if done:
                    self.acknowledge(kind, identity, patient, path, None, invoked)
        finally:
            if not done:
                self.doubt(kind, identity, path, None)
        return done

    def acknowledge(
        self,
        kind: str,
        identity: str,
        patient: str,
        where: str,
        must: dict[str, Any] | None,
        invoked: float | None = None,
    ) -> None:
        """Hold the platform to a write that it acknowledged; see ``Acknowledged``.

        Call it inside the ``with`` block of the request, so that the promise is on record before
        the request counts as answered. Without a planned load nobody checks, and nothing is kept.
        """
        if self.ledger is not None:
            about = kind, self.tenant, identity, patient, where
            self.ledger.write(Acknowledged(*about, must, time.time(), invoked))

    def doubt(self, kind: str, identity: str, where: str, must: dict[str, Any] | None) -> None:
        """Put on record that a write may have happened, or may yet; see ``Unconfirmed``."""
        self.record(Unconfirmed(kind, self.tenant, identity, where, must))

    def operation(self, history: History, thing: str, action: Action, value: Any = None) -> Step:
        """One step in the history of ``thing``, whose serial order is checked after the load.

        Put it around the request, and settle it inside, before the request counts as answered::

            with self.operation("slot", slot, "book", patient) as step:
                with self.send("POST", path, body) as answer:
                    step.settle(answer.status_code)
        """
        return Step(self.record, history, f"{self.tenant}:{thing}", action, value)

    def record(self, entry: Entry) -> None:
        """Write ``entry`` to the ledger of the load, if there is one."""
        if self.ledger is not None:
            self.ledger.write(entry)


def succeeded(answer: FastResponse) -> bool:
    """Whether there is an answer, of status 2xx."""
    return 200 <= (answer.status_code or 0) < 300  # noqa: PLR2004 - HTTP's classes


def content(answer: FastResponse) -> dict[str, Any]:
    """The JSON object that was answered; empty when it is none."""
    try:
        body = orjson.loads(answer.content or b"")
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def identity_in(answer: FastResponse) -> str | None:
    """The id of what was created: the answer's ``id``, else the one that its Location names."""
    identity = content(answer).get("id")
    if identity is None and answer.headers is not None:
        location = str(answer.headers.get("Location") or "").partition("/_history/")[0]
        identity = location.rstrip("/").rpartition("/")[2]
    return str(identity) if identity else None


@cache
def _session() -> Session:
    return attach()


def _tenants() -> list[str]:
    tenants = list(_session().target.tenants)
    if not tenants:
        raise UsageError(
            "codeblue.toml: no [tenants.NAME] section, so journeys have nobody to act for. Add one."
        )
    return tenants


@cache
def _token(tenant: str, role: str) -> str | None:
    """The token of the role; a tenant without any roles is asked without credentials."""
    session = _session()
    return session.token(tenant, role) if session.target.tenant(tenant).roles else None


@cache
def _patients(tenant: str) -> list[str]:
    return _session().patients(tenant)
