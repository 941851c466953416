"""toxiproxy-python, unchanged, against the embedded server."""

from __future__ import annotations

import pytest
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from .conftest import Echo, Server


@pytest.fixture
def toxiproxy(server: Server) -> Toxiproxy:
    library = Toxiproxy()
    library.update_api_consumer("127.0.0.1", server.port)
    return library


def test_the_whole_life_of_a_proxy(toxiproxy: Toxiproxy, echo: Echo) -> None:
    assert toxiproxy.running()
    assert toxiproxy.version() == b'{"version": "2.12.0"}\n'
    proxy = toxiproxy.create(name="e", upstream=echo.address)
    proxy.add_toxic(type="latency", attributes={"latency": 5}, toxicity=0.5)
    toxic = proxy.get_toxic("latency_downstream")
    assert (toxic.attributes, toxic.toxicity) == ({"latency": 5, "jitter": 0}, 0.5)
    with proxy.down():
        assert not toxiproxy.get_proxy("e").enabled
    assert toxiproxy.get_proxy("e").enabled
    assert toxiproxy.reset()
    assert proxy.toxics() == {}
    toxiproxy.destroy_all()
    assert toxiproxy.proxies() == {}


def test_errors_become_the_library_s_exceptions(toxiproxy: Toxiproxy, echo: Echo) -> None:
    proxy = toxiproxy.create(name="e", upstream=echo.address)
    with pytest.raises(ProxyExists):
        toxiproxy.create(name="e", upstream=echo.address)
    with pytest.raises(InvalidToxic):
        proxy.add_toxic(type="no such type")
    with pytest.raises(NotFound):
        proxy.destroy_toxic("no such toxic")


def test_populate_creates_what_is_missing(toxiproxy: Toxiproxy, echo: Echo) -> None:
    wanted = [{"name": name, "upstream": echo.address, "listen": "127.0.0.1:0"} for name in "ab"]
    assert [proxy.name for proxy in toxiproxy.populate(wanted)] == ["a", "b"]
