"""The base of every journey: a Locust user who knows the platform, its tenants and its patients.

A journey is an ordinary Locust user class. It runs alone (``locust -f <file> --headless``, against
the platform that ``codeblue up`` started), and the same class runs under a planned load.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from locust import FastHttpUser, constant
from locust.contrib.fasthttp import FastResponse

from codeblue.load.ledger import Acknowledged, LedgerWriter
from codeblue.session import Session, attach

if TYPE_CHECKING:
    from locust.env import Environment

_numbers = count()


class Journey(FastHttpUser):
    """A user of one tenant; users are spread over all tenants in turn.

    Run alone, a user acts once a second. Under a planned load it acts when an arrival is due.
    """

    abstract = True
    wait_time = constant(1)
    connection_timeout = 10.0
    network_timeout = 10.0
    # One connection per user, as with a browser that asks one thing at a time.
    concurrency = 1

    role: ClassVar[str] = "clinician"
    ledger: ClassVar[LedgerWriter | None] = None

    def __init__(self, environment: Environment) -> None:
        session = _session()
        tenants = list(session.target.tenants)
        self.tenant = tenants[next(_numbers) % len(tenants)]
        self.host = self.host or session.base_url
        self.default_headers = session.headers(self.tenant, self.role)
        super().__init__(environment)

    def patient(self) -> str:
        """The id of one of the tenant's seeded patients."""
        return random.choice(_patients(self.tenant))  # noqa: S311 - a workload, not a secret

    def create(
        self,
        path: str,
        body: dict[str, Any],
        *,
        kind: str,
        patient: str,
        where: str,
        must: Sequence[str],
        headers: dict[str, str] | None = None,
    ) -> str | None:
        """POST ``body``; when the platform answers 201 with an id, hold it to that.

        ``where`` is the path to read it back, with ``{id}`` for the new id; ``must`` names the
        fields of ``body`` that have to be there then. Returns the id, or ``None`` when nothing was
        created, which counts as a failed request.
        """
        with self.client.post(path, json=body, headers=headers, catch_response=True) as answer:
            identity = _created(answer)
            if identity is None:
                answer.failure(f"{path}: {answer.status_code} is not 201 with an id")
            else:
                promised = {field: body[field] for field in must}
                self.acknowledge(kind, identity, patient, where.format(id=identity), promised)
        return identity

    def acknowledge(
        self, kind: str, identity: str, patient: str, where: str, must: dict[str, Any]
    ) -> None:
        """Hold the platform to a write that it acknowledged; see ``Acknowledged``.

        Call it inside the ``with`` block of the request, so that the promise is on record before
        the request counts as answered. Without a planned load nobody checks, and nothing is kept.
        """
        if self.ledger is not None:
            self.ledger.write(Acknowledged(kind, self.tenant, identity, patient, where, must))


def _created(answer: FastResponse) -> str | None:
    if answer.status_code != HTTPStatus.CREATED:
        return None
    try:
        return str(answer.json()["id"])
    except (ValueError, KeyError, TypeError):
        return None


@cache
def _session() -> Session:
    return attach()


@cache
def _patients(tenant: str) -> list[str]:
    return _session().patients(tenant)
