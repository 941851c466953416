"""Partition: packets of a network namespace get lost, one way or both."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.faults import Ground, make
from codeblue.faults.capabilities import able
from codeblue.faults.ground import new_owner
from codeblue.faults.network import namespaces
from codeblue.faults.network.partition import Direction, rules

GROUND = Ground(new_owner())

# Answers every datagram, in a namespace of its own, and says when it heard one.
ANSWERING = """
import select, socket
servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for server, port in zip(servers, (7001, 7002)):
    server.bind(("0.0.0.0", port))
print("ready", flush=True)
while True:
    for server in select.select(servers, [], [])[0]:
        data, peer = server.recvfrom(100)
        print("heard", flush=True)
        try:
            server.sendto(b"y", peer)
        except PermissionError:
            pass  # that is how a dropped datagram looks to its sender
"""
ASKING = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(0.5)
sock.connect((sys.argv[1], int(sys.argv[2])))
try:
    sock.send(b"x")
    sys.exit(sock.recv(10) != b"y")
except OSError:
    sys.exit(1)
"""


class Namespace:
    """A network namespace of the test's own with an answering server in it."""

    def __init__(self, name: str, server: subprocess.Popen[str]) -> None:
        self.name = name
        self._server = server

    def reaches(self, port: int) -> bool:
        """Whether somebody inside gets an answer."""
        return asks(self.name, "127.0.0.1", port)

    def heard(self) -> str:
        """The next thing that the server says."""
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def asks(name: str, address: str, port: int) -> bool:
    command = ["nsenter", f"--net=/run/netns/{name}", sys.executable, "-I", "-S", "-c", ASKING]
    return subprocess.run([*command, address, str(port)], check=False).returncode == 0


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def made(name: str) -> Iterator[str]:
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        ip("netns", "delete", name)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    if why := able("partition"):
        pytest.skip(why)
    with made(f"codeblue-test-{os.getpid()}-{secrets.token_hex(3)}") as name:
        command = ["nsenter", f"--net=/run/netns/{name}", sys.executable, "-I", "-S", "-c"]
        with subprocess.Popen([*command, ANSWERING], stdout=subprocess.PIPE, text=True) as server:
            try:
                running = Namespace(name, server)
                assert running.heard() == "ready"
                yield running
            finally:
                server.kill()


@pytest.fixture
def neighbour(namespace: Namespace) -> Iterator[str]:
    """A second namespace, joined to the first by a wire: 192.0.2.1 there, 192.0.2.2 here."""
    with made(f"{namespace.name}-b") as name:
        wire = ("type", "veth", "peer", "name", "w", "netns", namespace.name)
        ip("-n", name, "link", "add", "w", *wire)
        for end, address in ((namespace.name, "192.0.2.1/24"), (name, "192.0.2.2/24")):
            ip("-n", end, "address", "add", address, "dev", "w")
            ip("-n", end, "link", "set", "w", "up")
        yield name


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["in", "out"])
def test_one_way_means_that_the_other_way_works(
    namespace: Namespace, neighbour: str, direction: Direction
) -> None:
    fault = make("partition", namespace.name, address="192.0.2.2", direction=direction)
    trace = fault.prepare(GROUND)
    assert asks(neighbour, "192.0.2.1", 7001)
    assert namespace.heard() == "heard"
    fault.inject(GROUND, trace)
    assert not asks(neighbour, "192.0.2.1", 7001)
    if direction == "out":
        assert namespace.heard() == "heard"  # the question came, its answer got lost
    fault.heal(GROUND, trace)
    assert asks(neighbour, "192.0.2.1", 7001)
    assert namespace.heard() == "heard"
    assert namespace.reaches(7002)  # from inside; nothing else was heard in between
    assert namespace.heard() == "heard"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "reached"),
    [
        ({}, []),
        ({"address": "127.0.0.1"}, []),
        ({"address": "127.0.0.0/8", "port": 7001}, [7002]),
        ({"port": 7002}, [7001]),
        ({"port": 7001, "direction": "in"}, [7002]),
        ({"port": 7001, "direction": "out"}, [7002]),
        ({"address": "10.1.2.3"}, [7001, 7002]),
        ({"address": "::1"}, [7001, 7002]),
    ],
)
def test_what_it_names_gets_lost_and_the_rest_arrives(
    namespace: Namespace, arguments: dict[str, object], reached: list[int]
) -> None:
    fault = make("partition", namespace.name, **arguments)
    trace = fault.prepare(GROUND)
    assert fault.healed(GROUND, trace)
    assert [port for port in (7001, 7002) if namespace.reaches(port)] == [7001, 7002]
    fault.inject(GROUND, trace)
    assert not fault.healed(GROUND, trace)
    assert [port for port in (7001, 7002) if namespace.reaches(port)] == reached
    for _ in range(2):
        fault.heal(GROUND, trace)
        assert fault.healed(GROUND, trace)
    assert namespace.reaches(7001)
    assert namespace.reaches(7002)


@pytest.mark.slow
def test_two_partitions_heal_each_for_itself(namespace: Namespace) -> None:
    first, second = (make("partition", namespace.name, port=port) for port in (7001, 7002))
    traces = [fault.prepare(GROUND) for fault in (first, second)]
    first.inject(GROUND, traces[0])
    second.inject(GROUND, traces[1])
    first.heal(GROUND, traces[0])
    assert namespace.reaches(7001)
    assert not namespace.reaches(7002)
    second.heal(GROUND, traces[1])
    assert namespace.reaches(7002)


@pytest.mark.slow
def test_with_its_namespace_the_fault_is_gone(namespace: Namespace) -> None:
    with made(f"{namespace.name}-2") as other:
        fault = make("partition", other)
        trace = fault.prepare(GROUND)
        fault.inject(GROUND, trace)
    fault.heal(GROUND, trace)
    assert fault.healed(GROUND, trace)


@pytest.mark.slow
def test_the_hosts_own_namespace_is_never_broken(namespace: Namespace) -> None:
    name = f"{namespace.name}-host"
    ip("netns", "attach", name, str(os.getpid()))
    try:
        with pytest.raises(UsageError, match="is the network namespace of the host itself"):
            make("partition", name).prepare(GROUND)
    finally:
        ip("netns", "delete", name)
    with pytest.raises(UsageError, match="there is no network namespace"):
        make("partition", name).prepare(GROUND)


@pytest.mark.parametrize("name", ["../1", "a b", "", ".", "a/b"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a network namespace"):
        namespaces.must_be_named("partition", name)


@pytest.mark.parametrize(
    ("address", "port", "sentence"),
    [("hospital", 0, "address: "), ("10.0.0.1/8", 0, "address: "), ("", 65536, "port is 65536")],
)
def test_what_makes_no_sense_is_refused(address: str, port: int, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        rules("t", address, port, "both")


ADDRESSES = st.one_of(st.just(""), st.ip_addresses().map(str))


@given(ADDRESSES, st.integers(0, 65_535), st.sampled_from(["both", "in", "out"]))
def test_every_rule_drops_and_no_chain_is_missing(
    address: str, port: int, direction: Direction
) -> None:
    lines = rules("t", address, port, direction).splitlines()
    chains = [line.split()[1] for line in lines if line.startswith("  chain")]
    assert chains == {"both": ["input", "output"], "in": ["input"], "out": ["output"]}[direction]
    drops = [line.strip() for line in lines if line.endswith("drop")]
    assert len(drops) == len(chains) * (2 if port else 1)
    assert all((address in drop) and (str(port) in drop or not port) for drop in drops)


@pytest.mark.slow
@given(ADDRESSES, st.integers(0, 65_535), st.sampled_from(["both", "in", "out"]))
def test_nft_reads_every_one_of_them(address: str, port: int, direction: Direction) -> None:
    if able("partition"):
        pytest.skip(str(able("partition")))
    text = rules("t", address, port, direction)
    command = ["unshare", "--net", "nft", "--check", "-f", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_where_there_is_no_nft_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"cannot be made on this machine\. "):
        make("partition", "anything").prepare(GROUND)
