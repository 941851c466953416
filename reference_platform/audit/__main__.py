"""`python -m reference_platform.audit verify`: is the audit trail what it was?"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from reference_platform.audit.chain import COLUMNS, Fault, Verifier
from reference_platform.audit.checkpoints import Checkpoints

_PAGE = 5000
_BROKEN, _UNUSABLE = 1, 2


def main() -> int:
    """0 when every trail is intact, 1 when one is not, 2 when that cannot be told."""
    arguments = _parser().parse_args()
    try:
        verdicts = asyncio.run(_verify(arguments.url, arguments.checkpoints, arguments.key))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"audit: the trail cannot be verified: {error}", file=sys.stderr)  # noqa: T201
        return _UNUSABLE
    for tenant, (through, fault) in verdicts.items():
        _tell(tenant, through, fault, as_json=arguments.json)
    return _BROKEN if any(fault for _, fault in verdicts.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reference_platform.audit", description=__doc__)
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify", help="name the first bad position of every trail")
    verify.add_argument("--url", required=True, help="PostgreSQL, as a role that sees all tenants")
    verify.add_argument("--checkpoints", required=True, type=Path, metavar="DIR")
    verify.add_argument("--key", help="public key that must have signed, hexadecimal")
    verify.add_argument("--json", action="store_true", help="one JSON object per trail")
    return parser


async def _verify(url: str, folder: Path, key: str | None) -> dict[str, tuple[int, Fault | None]]:
    checkpoints = Checkpoints(folder)
    connection = await asyncpg.connect(url, timeout=10)
    try:
        rows = await connection.fetch("SELECT DISTINCT tenant FROM platform.audit_events")
        tenants = sorted({row["tenant"] for row in rows} | set(checkpoints.tenants()))
        return {
            tenant: await _trail(connection, tenant, checkpoints.signed(tenant, key))
            for tenant in tenants
        }
    finally:
        await connection.close()


async def _trail(
    connection: asyncpg.Connection, tenant: str, signed: Mapping[int, str]
) -> tuple[int, Fault | None]:
    verifier, after = Verifier(signed), -(2**62)
    while True:
        rows = await connection.fetch(
            f"SELECT position, hash, content, {', '.join(COLUMNS)} "  # noqa: S608
            "FROM platform.audit_events WHERE tenant = $1 AND position > $2 "
            "ORDER BY position LIMIT $3",
            tenant, after, _PAGE,
        )  # fmt: skip
        for row in rows:
            if fault := verifier.take(row):
                return verifier.link.position, fault
        if len(rows) < _PAGE:
            return verifier.link.position, verifier.end()
        after = rows[-1]["position"]


def _tell(tenant: str, through: int, fault: Fault | None, *, as_json: bool) -> None:
    if as_json:
        told = {"tenant": tenant, "intact": fault is None, "through": through}
        bad = {"first_bad": fault.position, "reason": fault.reason} if fault else {}
        print(json.dumps(told | bad))  # noqa: T201
    elif fault is None:
        print(f"{tenant}: intact, {through} events")  # noqa: T201
    else:
        print(f"{tenant}: position {fault.position}: {fault.reason}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
