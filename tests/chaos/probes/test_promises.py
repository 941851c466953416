from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload
from codeblue.chaos.probes.promises import accepted, kept

if TYPE_CHECKING:
    from codeblue.session import Session

LETTER = [{"method": "POST", "path": "/letters", "body": {"patient": "{patient}"}}]


@dataclass
class Office:
    """Accepts letters, and says of each how far it is."""

    status: int = 202
    state: str = "done"
    states: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def accept(self) -> Answer:
        if self.status != 202:
            return Answer(self.status, 0.1)
        self.states[f"L{len(self.states)}"] = self.state
        return Answer(202, 0.1, body=json.dumps({"id": f"L{len(self.states) - 1}"}).encode())

    def tell(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        state = self.states.get(request.url.path.removeprefix("/letters/"))
        return httpx.Response(200, json={"status": state}) if state else httpx.Response(404)


@pytest.fixture
def office(session: Session, monkeypatch: pytest.MonkeyPatch) -> Office:
    baseline.forget()
    office = Office()
    monkeypatch.setattr(
        Workload, "send", lambda _w, _s, count, *_: [office.accept() for _ in range(count)]
    )
    real: Callable[..., httpx.Client] = httpx.Client

    def client(**options: Any) -> httpx.Client:
        return real(transport=httpx.MockTransport(office.tell), base_url=options["base_url"])

    monkeypatch.setattr(httpx, "Client", client)
    return office


def all_kept(within: str = "0s") -> dict[str, Any]:
    return kept(LETTER, place="/letters/{id}", count=5, within=within)


def test_what_was_accepted_meanwhile_has_to_be_done(office: Office) -> None:
    assert all_kept()["success"] == 1.0
    office.state = "lost"
    assert accepted(LETTER, count=3)["accepted"] == 3
    office.state = "done"
    measure = all_kept()
    assert (measure["accepted"], measure["lost"], measure["success"]) == (8, 3, 0.625)
    assert measure["states"] == {"lost": 3, "done": 5}
    assert measure["measured"].startswith("3 of 8 accepted never done; 5 of 5 new requests")


def test_what_was_refused_was_not_promised(office: Office) -> None:
    office.status = 503
    assert accepted(LETTER, count=3) == {
        "accepted": 0,
        "statuses": {"503": 3},
        "measured": "0 of 3 accepted",
    }
    office.status = 202
    assert all_kept()["success"] == 1.0


def test_a_platform_that_accepts_nothing_any_more_has_not_recovered(office: Office) -> None:
    accepted(LETTER, count=3)
    office.status = 503
    measure = all_kept()
    assert (measure["success"], measure["lost"]) == (0.0, 0)
    assert "0 of 5 new requests accepted (503: 5)" in measure["measured"]


def test_work_that_nobody_knows_is_lost(office: Office) -> None:
    accepted(LETTER, count=2)
    office.states.clear()
    office.states.update({f"X{n}": "done" for n in range(3)})
    assert all_kept()["states"]["unknown"] == 2


def test_it_waits_while_there_is_something_to_wait_for(office: Office) -> None:
    office.state = "queued"
    real = office.tell

    def later(request: httpx.Request) -> httpx.Response:
        if office.asked >= 10:
            office.states = dict.fromkeys(office.states, "done")
        return real(request)

    office.tell = later  # type: ignore[method-assign]
    assert all_kept(within="30s")["success"] == 1.0
