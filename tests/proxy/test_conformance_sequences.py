"""Any sequence of requests: ours with `--strict` and a real Toxiproxy answer the same.

No data flows here, and no value is sent that would kill the real one if it did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from .conftest import Server, start
from .servers import clear, start_real

pytestmark = pytest.mark.slow

TAIL = re.compile(r"(bad request body: ).*?(\",\"status\")")
PORT = re.compile(r"(127\.0\.0\.1|\[::\]):[1-9][0-9]*")
COMPARED = ("Content-Type", "X-Content-Type-Options", "Transfer-Encoding", "Allow", "Location")

NAMES = st.sampled_from(["a", "b", "c<&>", "ä"])
TOXICS = st.sampled_from(["t", "latency_downstream", "noop_UPSTREAM", "u"])
wrong: st.SearchStrategy[Any] = st.sampled_from([None, True, "x", 1.5, [], {}, 2**63, -(2**63) - 1])
positive = st.integers(1, 2**31)
switches = st.booleans() | wrong
listens = st.sampled_from(["127.0.0.1:0", "", "localhost:0", "x", "127.0.0.1:99999", "[::1", None])
upstreams = st.sampled_from(["127.0.0.1:9", "nowhere.invalid:1", "", None, 7])
toxicities = (
    st.sampled_from([0, 3.4e38, 3.5e38, 0.1, 1 / 3, 1, 2, -1, 1e-7, 1e22, 1e21, 123456.789]) | wrong
)
streams = st.sampled_from(["upstream", "downstream", "UPSTREAM", "sideways", ""]) | wrong
kinds = st.sampled_from(
    ["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "limit_data", "noop"]
) | st.sampled_from(["slicer", "LATENCY", "", None, 1, "blackhole"])
attributes = st.none() | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("latency", "rate", "delay", "timeout", "bytes", "Rate"), positive | wrong
    )
    | {"average_size": st.just(10), "size_variation": st.just(5), "junk": wrong},
)
proxies = st.fixed_dictionaries(
    {},
    optional={"name": NAMES | wrong, "upstream": upstreams, "listen": listens, "enabled": switches},
)
toxics = st.fixed_dictionaries(
    {},
    optional={
        "name": TOXICS | wrong,
        "type": kinds,
        "stream": streams,
        "toxicity": toxicities,
        "attributes": attributes,
    },
)
bodies = st.one_of(proxies, toxics, st.lists(proxies, max_size=3), wrong)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    real = start_real()
    ours = start("--strict")
    yield ours, real
    ours.stop()
    real.stop()


class Alike(RuleBasedStateMachine):
    """Every request goes to both."""

    pair: ClassVar[tuple[Server, Server]]

    def teardown(self) -> None:
        for server in self.pair:
            clear(server)

    @rule(body=proxies | bodies)
    def create(self, body: Any) -> None:
        same(self.pair, "POST", "/proxies", body)

    @rule(name=NAMES)
    def create_well(self, name: str) -> None:
        body = {"name": name, "upstream": "127.0.0.1:9", "listen": "127.0.0.1:0"}
        same(self.pair, "POST", "/proxies", body)

    @rule(body=st.lists(proxies, max_size=3) | bodies)
    def populate(self, body: Any) -> None:
        same(self.pair, "POST", "/populate", body)

    @rule(method=st.sampled_from(["GET", "DELETE", "POST", "PATCH", "PUT"]), name=NAMES)
    def proxy(self, method: str, name: str) -> None:
        same(self.pair, method, f"/proxies/{name}", {})

    @rule(name=NAMES, body=proxies)
    def change(self, name: str, body: Any) -> None:
        same(self.pair, "PATCH", f"/proxies/{name}", body)

    @rule(name=NAMES, body=toxics | bodies)
    def add(self, name: str, body: Any) -> None:
        same(self.pair, "POST", f"/proxies/{name}/toxics", body)

    @rule(method=st.sampled_from(["GET", "DELETE"]), name=NAMES, toxic=TOXICS)
    def toxic(self, method: str, name: str, toxic: str) -> None:
        same(self.pair, method, f"/proxies/{name}/toxics/{toxic}")

    @rule(name=NAMES, toxic=TOXICS, body=toxics | bodies)
    def change_toxic(self, name: str, toxic: str, body: Any) -> None:
        same(self.pair, "PATCH", f"/proxies/{name}/toxics/{toxic}", body)

    @rule(path=st.sampled_from(["/proxies", "/proxies/a/toxics", "/leases", "/metrics/", "/"]))
    def look(self, path: str) -> None:
        same(self.pair, "GET", path)

    @rule()
    def reset(self) -> None:
        same(self.pair, "POST", "/reset")


def test_any_sequence_of_requests_is_answered_alike(pair: tuple[Server, Server]) -> None:
    Alike.pair = pair
    run_state_machine_as_test(
        Alike, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )


def same(pair: tuple[Server, Server], method: str, path: str, body: Any = None) -> None:
    content = None if body is None else json.dumps(body).encode()
    ours, real = (server.client.request(method, path, content=content) for server in pair)
    assert essence(ours) == essence(real), (method, path, body, ours.text, real.text)


def essence(reply: httpx.Response) -> tuple[Any, ...]:
    headers = {name: reply.headers.get(name) for name in COMPARED}
    text = TAIL.sub(r"\1...\2", PORT.sub(r"\1:PORT", reply.text))
    return reply.status_code, headers, "X-Toxiproxy-Request-Id" in reply.headers, text
