"""Handlers of /leases, and the `lease` that a toxic or a proxy may name."""

from __future__ import annotations

from typing import Any

from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.bounds import MOST_LEASES, require_room, require_short
from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_writing import dumps
from codeblue.proxy.api.replies import ApiError, Reply, json_reply

LONGEST_MS = 86_400_000


async def index(call: Call) -> Reply:
    """GET /leases: owner -> milliseconds until it expires."""
    living = call.registry.leases.left_ms().items()
    return json_reply(200, dumps({owner: {"expires_in": left} for owner, left in living}))


async def renew(call: Call, owner: str) -> Reply:
    """PUT /leases/{owner} {"expires_in": ms}."""
    source = reading.read_object(reading.first_value(call.body), "Lease")
    milliseconds = reading.field(source, "expires_in", reading.read_int64, "Lease.expires_in", 0)
    if not 0 < milliseconds <= LONGEST_MS:
        raise ApiError(400, f"lease {owner}: expires_in must be 1 to {LONGEST_MS} milliseconds")
    require_short(owner=owner)
    if owner not in call.registry.leases:
        require_room(len(call.registry.leases.left_ms()), MOST_LEASES, "leases")
    call.registry.leases.renew(owner, milliseconds)
    return json_reply(200, dumps({"owner": owner, "expires_in": milliseconds}))


async def end(call: Call, owner: str) -> Reply:
    """DELETE /leases/{owner}: heal everything that the owner holds."""
    if owner not in call.registry.leases:
        raise ApiError(404, "lease not found")
    call.registry.leases.end(owner)
    return Reply(204)


def read_lease(call: Call, source: dict[str, Any]) -> str | None:
    """The lease owner that a request names, if any; 400 when that owner holds no lease."""
    if call.strict or source.get("lease") is None:
        return None
    owner = reading.read_string(source["lease"], ".lease")
    if owner not in call.registry.leases:
        raise ApiError(400, f'unknown lease "{owner}": PUT /leases/{{owner}} first')
    return owner
