"""`python -m reference_platform --profile P --data DIR`: run the platform until a signal ends it.

Prints one JSON line when it is ready. Exit codes: 0 stopped by a signal, 1 could not start,
2 a wrong profile, setting or port.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from reference_platform import profiles
from reference_platform.backing import BackingError
from reference_platform.ports import PortTakenError
from reference_platform.settings import PREFIX, Settings
from reference_platform.supervisor import (
    StartError,
    Supervisor,
    exit_on_signals,
    ignore_signals,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        profile = profiles.parse(options.profile)
        supervisor = Supervisor(Settings(), profile, options.data)
    except ValidationError as error:
        return _fail(_setting(error), 2)
    except (ValueError, PortTakenError) as error:
        return _fail(str(error), 2)
    except (BackingError, OSError) as error:
        return _fail(str(error), 1)
    return _run(supervisor)


def _run(supervisor: Supervisor) -> int:
    exit_on_signals()
    try:
        supervisor.start()
        print(json.dumps(supervisor.description()), flush=True)  # noqa: T201 - the ready line
        supervisor.watch()
    except (BackingError, StartError, OSError) as error:
        return _fail(str(error), 1)
    finally:
        ignore_signals()
        supervisor.stop()
    return 0


def _fail(sentence: str, code: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return code


def _setting(error: ValidationError) -> str:
    """The first wrong setting, by the name of its variable."""
    first = error.errors()[0]
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_platform")
    parser.add_argument("--profile", default="production", help="production, pilot, or a mix")
    parser.add_argument("--data", type=Path, required=True, help="folder for logs and data")
    return parser


if __name__ == "__main__":
    sys.exit(main())
