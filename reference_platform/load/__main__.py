"""`python -m reference_platform.load FILE... --tenant T`: bulk-load FHIR resources.

Files are NDJSON (`.ndjson`, `.ndjson.zst`, `.ndjson.gz`) or Parquet; patients come before, or in
the same file as, what is about them. All of a file is stored, or nothing. Resources keep their ids,
become version 1, and have no Provenance.

The platform may run meanwhile; but while a large file is loaded that outgrows what is there, the
tables are locked, because their indexes are dropped and made again. `--no-rebuild-indexes` loads it
without a lock, and takes about twice as long.

The database is `--url`, else PLATFORM_POSTGRES_URL, else the one of the platform whose folder is
`--data`. Its role must be one that row-level security does not bind, such as the superuser.

Progress goes to stderr; `--json` prints a summary. Exit codes: 0 all files loaded, 1 the database
failed or a file cannot be read, 2 wrong usage, 3 a file is wrong: neither it nor those after it
were loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import asyncpg

from reference_platform.clock import Clock
from reference_platform.load.errors import InputError
from reference_platform.load.loading import Loaded, load
from reference_platform.load.preparing import Preparation

_TIMEOUT = 30.0  # seconds to connect


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    url = options.url or os.environ.get("PLATFORM_POSTGRES_URL") or _published(options.data)
    if not url:
        return _fail("database: not named. Write --url, --data, or set PLATFORM_POSTGRES_URL.", 2)
    preparation = Preparation(options.tenant, Clock().now(), check=options.check)
    try:
        loaded = _load(url, options.files, preparation, rebuild=options.rebuild_indexes)
    except InputError as error:
        return _fail(error.sentence, 3)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _fail(f"database or file: {error}.", 1)
    if options.json:
        print(json.dumps(_summary(loaded)))  # noqa: T201 - what was asked for
    return 0


def _load(
    url: str, files: Sequence[Path], preparation: Preparation, *, rebuild: bool | None
) -> list[Loaded]:
    """All files, one after the other; InputError names the file."""
    loaded = [_one(url, file, preparation, rebuild=rebuild) for file in files]
    asyncio.run(_analyze(url))
    return loaded


def _one(url: str, file: Path, preparation: Preparation, *, rebuild: bool | None) -> Loaded:
    watched = sys.stderr.isatty()  # a log wants one line per file, not one per block

    def progress(count: int) -> None:
        if watched:
            print(f"\r{file}: {count:,}", end="", file=sys.stderr, flush=True)  # noqa: T201

    try:
        loaded = load(url, file, preparation, progress, rebuild=rebuild)
    except InputError as error:
        raise InputError(f"{error.at(str(file))} Nothing of this file was stored.") from error
    finally:
        if watched:
            print(file=sys.stderr)  # noqa: T201 - ends the line of the progress
    print(f"{file}: {loaded.resources:,} resources loaded", file=sys.stderr)  # noqa: T201
    return loaded


async def _analyze(url: str) -> None:
    """The planner would go on planning for the few rows that there were.

    Nine thousand rows tell it enough until the server looks again, at more of them, by itself.
    """
    connection = await asyncpg.connect(url, timeout=_TIMEOUT)
    try:
        await connection.execute("SET default_statistics_target = 30")
        await connection.execute(
            "ANALYZE platform.resources (tenant, type, id, patient, family, gender, date, sequence)"
        )
        await connection.execute("ANALYZE platform.identifiers")
    finally:
        await connection.close(timeout=_TIMEOUT)


def _published(data: Path | None) -> str | None:
    """The URL that a running platform has left in its folder for those who may read it."""
    if data is None:
        return None
    file = data / "postgres.url"
    return file.read_text("utf-8").strip() if file.is_file() else None


def _summary(loaded: Sequence[Loaded]) -> dict[str, object]:
    total = sum(each.resources for each in loaded)
    return {"resources": total, "files": [asdict(each) for each in loaded]}


def _fail(sentence: str, code: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_platform.load")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="NDJSON or Parquet")
    parser.add_argument("--tenant", required=True, help="whose patients they are")
    parser.add_argument("--url", help="postgresql://... of a role that sees every row")
    parser.add_argument("--data", type=Path, help="folder of a running platform")
    parser.add_argument("--check", action="store_true", help="hold every line against the contract")
    parser.add_argument(
        "--rebuild-indexes",
        action=argparse.BooleanOptionalAction,
        help="lock the tables, and index them afterwards (default: if the file outgrows them)",
    )
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
