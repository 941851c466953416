"""toxiproxy-python and chaostoolkit-toxiproxy, unchanged, against our server and a real one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists
from toxiproxy.proxy import Proxy

from .conftest import Echo, Server, connect, receive
from .servers import STARTS, clear


@pytest.fixture(scope="module", params=STARTS)
def either(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = STARTS[request.param]()
    yield server
    server.stop()


@pytest.fixture
def toxiproxy(either: Server) -> Iterator[Toxiproxy]:
    clear(either)
    library = Toxiproxy()
    library.update_api_consumer("127.0.0.1", either.port)
    yield library
    clear(either)


def port_of(proxy: Proxy) -> int:
    return int(proxy.listen.rpartition(":")[2])


def echoes(port: int, text: bytes = b"x") -> bool:
    with connect(port) as sock:
        sock.sendall(text)
        return receive(sock, len(text)) == text


class TestToxiproxyPython:
    def test_the_whole_life_of_a_proxy(self, toxiproxy: Toxiproxy, echo: Echo) -> None:
        assert toxiproxy.running()
        assert toxiproxy.version().startswith(b'{"version": "')
        proxy = toxiproxy.create(name="e", upstream=echo.address)
        assert echoes(port_of(proxy))
        proxy.add_toxic(type="latency", attributes={"latency": 5}, toxicity=0.5)
        toxic = proxy.get_toxic("latency_downstream")
        assert (toxic.attributes, toxic.toxicity) == ({"latency": 5, "jitter": 0}, 0.5)
        with proxy.down():
            assert not toxiproxy.get_proxy("e").enabled
            with pytest.raises(ConnectionRefusedError):
                connect(port_of(proxy))
        assert toxiproxy.get_proxy("e").enabled
        assert toxiproxy.reset()
        assert proxy.toxics() == {}
        assert proxy.get_toxic("latency_downstream") is None
        toxiproxy.destroy_all()
        assert toxiproxy.proxies() == {}
        assert toxiproxy.get_proxy("e") is None

    def test_a_proxy_that_is_created_disabled_does_not_listen(
        self, toxiproxy: Toxiproxy, echo: Echo
    ) -> None:
        proxy = toxiproxy.create(name="e", upstream=echo.address, enabled=False)
        assert (proxy.enabled, proxy.listen) == (False, "127.0.0.1:0")
        proxy.enable()
        assert echoes(port_of(toxiproxy.get_proxy("e")))
        assert toxiproxy.destroy(proxy)

    def test_errors_become_the_library_s_exceptions(self, toxiproxy: Toxiproxy, echo: Echo) -> None:
        proxy = toxiproxy.create(name="e", upstream=echo.address)
        with pytest.raises(ProxyExists):
            toxiproxy.create(name="e", upstream=echo.address)
        with pytest.raises(InvalidToxic):
            proxy.add_toxic(type="no such type")
        with pytest.raises(NotFound):
            proxy.destroy_toxic("no such toxic")
        proxy.destroy()
        with pytest.raises(NotFound):
            proxy.toxics()

    def test_a_taken_port_is_the_key_error_that_it_always_was(
        self, toxiproxy: Toxiproxy, echo: Echo, either: Server
    ) -> None:
        with pytest.raises(KeyError, match="name"):
            toxiproxy.create(name="e", upstream=echo.address, listen=f"127.0.0.1:{either.port}")
        assert toxiproxy.proxies() == {}

    def test_populate_creates_what_is_missing(self, toxiproxy: Toxiproxy, echo: Echo) -> None:
        wanted = [
            {"name": name, "upstream": echo.address, "listen": "127.0.0.1:0"} for name in "ab"
        ]
        assert [proxy.name for proxy in toxiproxy.populate(wanted)] == ["a", "b"]
        there = [
            {"name": name, "upstream": proxy.upstream, "listen": proxy.listen}
            for name, proxy in toxiproxy.proxies().items()
        ]
        assert toxiproxy.populate(there) == []

    @pytest.mark.parametrize("stream", ["upstream", "downstream"])
    @pytest.mark.parametrize(
        ("kind", "attributes"),
        [
            ("latency", {"latency": 1, "jitter": 0}),
            ("bandwidth", {"rate": 1000}),
            ("slow_close", {"delay": 1}),
            ("timeout", {"timeout": 1}),
            ("reset_peer", {"timeout": 1}),
            ("slicer", {"average_size": 10, "size_variation": 5, "delay": 1}),
            ("limit_data", {"bytes": 1}),
            ("noop", {}),
        ],
    )
    def test_every_toxic_is_put_on_and_taken_off(
        self,
        toxiproxy: Toxiproxy,
        echo: Echo,
        kind: str,
        attributes: dict[str, int],
        stream: str,
    ) -> None:
        proxy = toxiproxy.create(name="e", upstream=echo.address)
        proxy.add_toxic(name="t", type=kind, stream=stream, attributes=attributes)
        (toxic,) = proxy.toxics().values()
        assert (toxic.type, toxic.stream) == (kind, stream)
        assert (toxic.attributes, toxic.toxicity) == (attributes, 1)
        assert proxy.destroy_toxic("t")
        assert echoes(port_of(proxy))


@pytest.fixture
def configuration(either: Server) -> Iterator[dict[str, Any]]:
    clear(either)
    yield {"toxiproxy_host": "127.0.0.1", "toxiproxy_port": either.port}
    clear(either)


class TestChaosToolkitToxiproxy:
    """Its actions and probes, called as an experiment calls them."""

    @pytest.fixture
    def on(self, configuration: dict[str, Any], echo: Echo) -> Callable[..., Any]:
        """Calls one of them by its name, with the configuration of the experiment."""
        actions = pytest.importorskip("chaostoxi.proxy.actions", reason="no chaostoolkit-toxiproxy")
        probes = pytest.importorskip("chaostoxi.proxy.probes")
        toxics = pytest.importorskip("chaostoxi.toxic.actions")

        def call(name: str, *arguments: Any, **more: Any) -> Any:
            module = next(each for each in (actions, probes, toxics) if hasattr(each, name))
            return getattr(module, name)(*arguments, configuration=configuration, **more)

        host, _, port = echo.address.rpartition(":")
        assert call("create_proxy", "e", host, int(port), listen_host="127.0.0.1")
        return call

    def test_a_proxy_comes_changes_and_goes(
        self, on: Callable[..., Any], configuration: dict[str, Any], echo: Echo
    ) -> None:
        port = int(configuration["e_PORT"])
        assert echoes(port)
        assert on("proxy_exist", "e")
        assert on("get_proxy_attribute", "e", "upstream") == echo.address
        assert on("disable_proxy", "e")
        assert on("get_proxy_attribute", "e", "enabled") is False
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        assert on("enable_proxy", "e")
        assert echoes(port)
        assert on("modify_proxy", "e", upstream_address="127.0.0.1:9")
        assert on("get_proxy_attribute", "e", "upstream") == "127.0.0.1:9"
        on("delete_proxy", "e")
        assert not on("proxy_exist", "e")

    def test_every_toxic_of_its_own(self, on: Callable[..., Any]) -> None:
        assert on("create_latency_toxic", "e", "latency", 10, jitter=2)
        assert on("create_bandwith_degradation_toxic", "e", "bandwidth", 1000)
        assert on("create_slow_connection_close_toxic", "e", "close", 10)
        assert on("create_timeout_toxic", "e", "timeout", 10)
        assert on("create_slicer_toxic", "e", "slicer", 10, 5, 1)
        assert on("create_limiter_toxic", "e", "limit", 10)
        assert on("create_toxic", "e", "reset", "reset_peer", attributes={"timeout": 1})
        names = [toxic["name"] for toxic in on("get_proxy_attribute", "e", "toxics")]
        assert names == ["latency", "bandwidth", "close", "timeout", "slicer", "limit", "reset"]
        assert on("delete_toxic", "e", "latency")
        on("reset")
        assert on("get_proxy_attribute", "e", "toxics") == []

    def test_a_fault_bites_and_heals(
        self, on: Callable[..., Any], configuration: dict[str, Any]
    ) -> None:
        port = int(configuration["e_PORT"])
        assert on("create_latency_toxic", "e", "slow", 200)
        began = time.monotonic()
        assert echoes(port)
        assert time.monotonic() - began >= 0.19
        assert on("create_limiter_toxic", "e", "cut", 0)
        with connect(port) as sock:
            sock.sendall(b"x")
            assert ended(sock)
        on("reset")
        assert echoes(port)


def ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
