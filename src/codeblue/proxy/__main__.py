"""`python -m codeblue.proxy`: the server as a session starts it; says where it listens as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import uvloop

from codeblue.errors import UsageError
from codeblue.proxy.addresses import Address
from codeblue.proxy.api.populate import populate_from
from codeblue.proxy.server import serve


def main(arguments: list[str] | None = None) -> int:
    """Run the server until a signal ends it; 0 then, 2 when it cannot listen."""
    options = _parser().parse_args(arguments)
    file: Path | None = options.config
    prepare = None if file is None else lambda registry: populate_from(registry, file)
    try:
        uvloop.run(
            serve(
                options.host,
                options.port,
                options.seed,
                _say_listening,
                strict=options.strict,
                prepare=prepare,
            )
        )
    except UsageError as error:
        sys.stderr.write(f"error: {error}\n")
        return int(error.exit_code)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codeblue.proxy", description="Toxiproxy-compatible fault proxy."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8474, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=0, help="decides which connections toxics hit")
    parser.add_argument("--strict", action="store_true", help="what Toxiproxy does, and no more")
    parser.add_argument("--config", type=Path, metavar="FILE", help="proxies to create, as JSON")
    return parser


def _say_listening(address: Address) -> None:
    sys.stdout.write(json.dumps({"listening": str(address)}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
