from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from reference_platform import mllp, profiles
from reference_platform.partners.ehr_feed import STYLES, write
from reference_platform.services.hub.feed import Feed
from reference_platform.services.hub.intake import Intake
from reference_platform.services.inner import Stored
from reference_platform.settings import Settings

from .conftest import TOKENS, Start, patient

PARTS = st.sampled_from([b"\x0b", b"\x1c\r", b"\r", b"MSH|^~\\&|", b"|", b"\\", b"ADT^A01"])


def read_events(client: httpx.Client, visit: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/visits/{visit}/events")
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events


def exchange(port: int, payload: bytes) -> bytes:
    """What the hub answers to bytes, as far as it answers before the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        answered = b""
        try:
            peer.sendall(payload)
            peer.shutdown(socket.SHUT_WR)
            while chunk := peer.recv(65536):
                answered += chunk
        except ConnectionError:
            pass  # the hub had heard enough
        return answered


@pytest.mark.slow
def test_the_pilot_serves_the_ordinary_day(start: Start) -> None:
    platform, visit = start("pilot"), f"V{uuid4().hex[:8]}"
    message = (
        write("default", 0).message.replace(b"ZPI", b"PD1").replace(b"VDEFA0-0", visit.encode())
    )
    assert b"MSA|AA" in exchange(platform.settings.mllp_port, mllp.frame(message))
    with platform.client() as client:
        known = {"patient": patient(client)}
        for path, body, status in [
            ("/v1/lab-requests", {"code": "718-7"}, 201),
            ("/v1/transfers", {}, 201),
            ("/v1/eligibility", {"payer": "P1", "member": "M1"}, 200),
        ]:
            assert client.post(path, json=known | body).status_code == status
        assert client.get(f"/v1/visits/{visit}").status_code == 200
        assert client.get("/v1/quarantine").json() is not None


@pytest.mark.slow
def test_every_dialect_arrives_as_it_is_meant(start: Start) -> None:
    """In pieces, and several frames in one packet."""
    platform, seed = start("production"), uuid4().int % 10**6
    feed = [write(dialect, number, seed) for dialect in STYLES for number in range(3)]
    framed = b"".join(mllp.frame(written.message) for written in feed)

    async def run(size: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", platform.settings.mllp_port)
        for at in range(0, len(framed), size):
            writer.write(framed[at : at + size])
            await writer.drain()
        answers = [await mllp.acknowledgement(reader) for _ in feed]
        writer.close()
        return answers

    for size in (97, len(framed)):
        answers = asyncio.run(asyncio.wait_for(run(size), 60))
        assert all(b"MSA|AA" in answer for answer in answers)
    with platform.client() as client:
        for written in feed:
            (told,) = read_events(client, written.meaning["visit"])
            assert {name: told[name] for name in written.meaning} == dict(written.meaning)


@pytest.mark.slow
def test_no_bytes_at_the_port_stop_the_hub(start: Start) -> None:
    """Random bytes, and messages that were changed, torn and run together."""
    platform = start("production")
    port = platform.settings.mllp_port
    good = write("default", 0, uuid4().int % 10**6)

    @hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.binary(max_size=60) | PARTS | st.just(good.message[:150]), max_size=8))
    def throw(parts: list[bytes]) -> None:
        joined = b"".join(parts)
        for payload in (joined, b"\x0b" + joined + b"\x1c\r"):
            answered = exchange(port, payload)
            for frame in answered.split(mllp.END)[:-1]:
                assert b"\rMSA|A" in frame
                assert b"Traceback" not in frame

    throw()
    assert b"MSA|AA" in exchange(port, mllp.frame(good.message))
    with platform.client() as client:
        assert read_events(client, good.meaning["visit"])


@pytest.mark.slow
def test_many_connections_and_an_endless_frame_are_survived(start: Start) -> None:
    platform = start("production")
    port = platform.settings.mllp_port
    peers = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(150)]
    for peer in peers:
        peer.close()
    with ThreadPoolExecutor(2) as pool:
        endless = mllp.START + b"PID|1\r" * (mllp.SIZE_LIMIT // 5)
        assert list(pool.map(lambda _: exchange(port, endless), range(2))) == [b"", b""]
    good = write("default", 1, uuid4().int % 10**6)
    assert b"MSA|AA" in exchange(port, mllp.frame(good.message))


def test_without_the_database_the_sender_is_told_to_try_again() -> None:
    """Whatever the message is: what can be neither applied nor held is not acknowledged."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = f"127.0.0.1:{server.getsockname()[1]}"
    inner = Stored(
        "hub", Settings(edge_hub_postgres=nowhere, tokens=TOKENS), profiles.parse("production")
    )
    feed = Feed(inner, Intake(inner, inner.decisions.adapter_hub.adapters(inner.settings)))

    async def run() -> list[bytes]:
        async with inner.database:
            good = write("default", 0).message
            return [await feed.handle(message) for message in (good, b"no HL7 at all")]

    assert all(b"\rMSA|AE" in answer for answer in asyncio.run(run()))
