"""Nights: a batch that bills every account, and a ward that goes on ordering meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import numpy as np

from codeblue.checks.pace import Timed, p95, paced

CREATED = 201
_CHARGING = 4  # orders at the same time, when it does not matter how long they take
_STRIDE = 7  # consecutive orders are not for patients who are billed one after the other
_LOOK = 0.05  # seconds between two looks at a run


@dataclass(frozen=True)
class Night:
    """The orders of a ward at a steady pace, before and after a billing run and while it ran."""

    calm: Sequence[Timed]
    during: Sequence[Timed]
    seconds: float
    """What the run took."""
    accounts: int
    """How many it billed."""

    @property
    def slower(self) -> float:
        """How many times longer an order took during the run than without it, at the p95."""
        return p95(self.during) / p95(self.calm)

    @property
    def held(self) -> float:
        """For what share of the run an order had to wait, at the p95."""
        return p95(self.during) / 1000 / self.seconds

    @property
    def refused(self) -> int:
        """Orders that were not accepted during the run."""
        return _refused(self.during)

    @property
    def lateness(self) -> float:
        """How late orders were sent by this machine, at the p95, in milliseconds."""
        late = [one.lateness * 1000 for one in (*self.calm, *self.during)]
        return float(np.percentile(late, 95))


@dataclass(frozen=True)
class Hospital:
    """A nurse who orders for ``patients``, and an office that bills whoever owes something."""

    nurse: httpx.Client
    office: httpx.Client
    patients: Sequence[str]

    def owe(self) -> None:
        """Let every patient owe something.

        Raises:
            ValueError: an order was not accepted.
        """
        with ThreadPoolExecutor(_CHARGING) as pool:
            statuses = list(pool.map(self._order, range(len(self.patients))))
        if set(statuses) != {CREATED}:
            raise ValueError(f"orders were answered {sorted(set(statuses))}")

    def calm(self, rate: float, seconds: float) -> list[Timed]:
        """``rate`` orders per second for so many ``seconds``, and nothing else.

        Raises:
            ValueError: an order was not accepted.
        """
        with paced(self._order, rate) as timed:
            time.sleep(seconds)
        if refused := _refused(timed):
            raise ValueError(f"{refused} of {len(timed)} orders were not accepted")
        return timed

    def night(self, rate: float, calm: float, patience: float) -> Night:
        """A billing run with ``rate`` orders per second, and ``calm`` seconds of them on each side.

        Raises:
            httpx.HTTPStatusError: the run was not accepted.
            ValueError: it has not ended after ``patience`` seconds; or see ``calm``.
        """
        before = self.calm(rate, calm)
        began = time.monotonic()
        with paced(self._order, rate) as during:
            run = self._billed(patience)
            seconds = time.monotonic() - began
        after = self.calm(rate, calm)
        return Night([*before, *after], during, seconds, int(run["accounts"]))

    def _order(self, number: int) -> int:
        patient = self.patients[_STRIDE * number % len(self.patients)]
        body = {"patient": patient, "code": "314076", "quantity": 1}
        headers = {"Idempotency-Key": str(uuid4())}
        return self.nurse.post("/v1/orders", json=body, headers=headers).status_code

    def _billed(self, patience: float) -> dict[str, Any]:
        run = self.office.post("/v1/billing-runs").raise_for_status().json()
        deadline = time.monotonic() + patience
        while run["status"] == "running" and time.monotonic() < deadline:
            time.sleep(_LOOK)
            with suppress(httpx.HTTPError):  # it may be the run itself that keeps it from answering
                place = f"/v1/billing-runs/{run['id']}"
                run = self.office.get(place).raise_for_status().json()
        if run["status"] != "done":
            raise ValueError(f"the billing run is {run['status']} after {patience:g} s")
        return dict(run)


def _refused(timed: Sequence[Timed]) -> int:
    return sum(one.status != CREATED for one in timed)
