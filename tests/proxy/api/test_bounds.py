"""Nothing can be created without end."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from codeblue.proxy.api import bounds
from codeblue.proxy.api.call import Request
from codeblue.proxy.api.routes import answer
from codeblue.proxy.registry import Registry

LONG = "x" * (bounds.LONGEST + 1)


async def post(registry: Registry, path: str, body: Any) -> tuple[int, str]:
    reply = await answer(registry, Request("POST", path, "", orjson.dumps(body)))
    return reply.status, reply.body.decode()


def proxy(name: str) -> dict[str, Any]:
    return {"name": name, "upstream": "127.0.0.1:9", "enabled": False}


def test_proxies_and_toxics_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeblue.proxy.api.proxies.MOST_PROXIES", 3)
    monkeypatch.setattr("codeblue.proxy.api.toxics.MOST_TOXICS", 2)

    async def fill() -> None:
        registry = Registry(seed=0)
        for name in "abc":
            assert (await post(registry, "/proxies", proxy(name)))[0] == 201
        status, text = await post(registry, "/proxies", proxy("d"))
        assert (status, "there are 3 proxies already" in text) == (400, True)
        assert (await post(registry, "/populate", [proxy("d")]))[0] == 400
        for name in "ab":
            toxic = {"type": "noop", "name": name}
            assert (await post(registry, "/proxies/a/toxics", toxic))[0] == 200
        assert (await post(registry, "/proxies/a/toxics", {"type": "noop"}))[0] == 400
        assert (await post(registry, "/proxies/b/toxics", {"type": "noop"}))[0] == 200

    asyncio.run(fill())


@pytest.mark.parametrize("field", ["name", "listen", "upstream"])
def test_names_and_addresses_are_bounded_in_length(field: str) -> None:
    async def send() -> None:
        registry = Registry(seed=0)
        status, text = await post(registry, "/proxies", proxy("a") | {field: LONG})
        assert (status, f"{field}: at most" in text) == (400, True)
        await post(registry, "/proxies", proxy("a"))
        toxic = {"type": "noop", "name": LONG}
        assert (await post(registry, "/proxies/a/toxics", toxic))[0] == 400

    asyncio.run(send())
