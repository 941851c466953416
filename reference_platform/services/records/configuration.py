"""The stored configurations: who reads them, and how one becomes the next version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.contract.cds import PARTS
from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.configuration import PLATFORM, ConfigurationFeed
from reference_platform.services.inner import Stored


async def store(connection: Connection, tenant: str, name: str, content: Mapping[str, Any]) -> int:
    """Make `content` the next version of `name`; returns its number.

    The transaction has to be that of `tenant`: nobody configures somebody else.
    """
    version: int = await connection.fetchval(
        "INSERT INTO configurations AS known (tenant, name, content) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant, name) DO UPDATE SET version = known.version + 1, "
        "content = excluded.content, changed = now() RETURNING version",
        tenant, name, orjson.dumps(content).decode(),
    )  # fmt: skip
    return version


class PlatformConfigurations:
    """What services without a database ask and tell, about every tenant and the platform."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def all(self, call: Call) -> Response:
        """`GET /internal/configurations`: rows as `services.configuration` reads them."""
        async with self._inner.database.transaction(PLATFORM, call.deadline) as connection:
            text = await connection.fetchval(
                "SELECT coalesce(json_agg(json_build_object('tenant', tenant, 'name', name, "
                "'version', version, 'content', content)), '[]')::text FROM configurations"
            )
        return answer(text)

    async def put(self, call: Call) -> Response:
        """`PUT /internal/configurations/{name}`: the next version of one of the platform's own.

        Refusal 409 when the caller names with `?after=` a version that is no longer the last.
        """
        name, after = call.path["name"], call.query.get("after")
        async with self._inner.database.transaction(PLATFORM, call.deadline) as connection:
            version = await store(connection, PLATFORM, name, call.json())
            if after is not None and version != int(after) + 1:
                raise Refusal(409, f"{name}: somebody else was faster. Read it again.")
        return answer(orjson.dumps({"version": version}))


class TenantConfigurations:
    """A hospital's own configurations, as its administrators see and set them."""

    def __init__(self, inner: Stored, feed: ConfigurationFeed) -> None:
        self._inner = inner
        self._feed = feed
        self._workflows = inner.decisions.configurable_workflows

    async def read(self, call: Call) -> Response:
        """`GET /v1/configuration/{name}`: what is in force."""
        name = _part(call)
        workflow = self._workflows.workflow(call.tenant, self._feed.value)
        content = getattr(workflow, name).model_dump()
        return _configured(name, self._feed.version(call.tenant, name), content)

    async def replace(self, call: Call) -> Response:
        """`PUT /v1/configuration/{name}`: the next version of it."""
        name, content = _part(call), call.json()
        self._workflows.accept(name, content)
        async with self._inner.transaction(call) as connection:
            version = await store(connection, call.tenant, name, content)
        await self._feed.refresh()
        return _configured(name, version, content)


def _part(call: Call) -> str:
    name = call.path["name"]
    if name not in PARTS:
        raise Refusal(404, f"configuration: there is {', '.join(PARTS)}.")
    return name


def _configured(name: str, version: int, content: object) -> Response:
    return answer(orjson.dumps({"name": name, "version": version, "content": content}))
