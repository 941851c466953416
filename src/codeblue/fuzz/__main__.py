"""``python -m codeblue.fuzz``: fuzz the platform of a session and write the result as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from codeblue.errors import CodeblueError, UsageError
from codeblue.fuzz.engine import Assignment, run
from codeblue.session import Session, attach
from codeblue.session.parent import die_with_parent
from codeblue.session_file import SESSION_VARIABLE

# State that fuzzing leaves behind stays with a few patients.
_PATIENTS = 5


def main(arguments: list[str] | None = None) -> int:
    """Run one assignment; the exit status is that of the error, if there was one."""
    die_with_parent()
    options = _parse(arguments)
    os.environ[SESSION_VARIABLE] = str(options.session)
    try:
        result = run(_assignment(attach(), options))
        options.json.write_text(json.dumps(result.as_json()), "utf-8")
    except CodeblueError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m codeblue.fuzz", description=__doc__)
    parser.add_argument("--session", type=Path, required=True, help="session.json of a live run")
    parser.add_argument("--tenant", default="riverside")
    parser.add_argument("--role", default="clinician")
    parser.add_argument("--seconds", type=int, default=8, help="time limit")
    parser.add_argument("--examples", type=int, default=10, help="random ones per operation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patient", action="append", help="an id that exists; default: seeded")
    parser.add_argument("--spare", action="append", default=[], help='such as "POST /v1/clock"')
    parser.add_argument("--json", type=Path, required=True, help="where the result goes")
    return parser.parse_args(arguments)


def _assignment(session: Session, options: argparse.Namespace) -> Assignment:
    if session.target.openapi is None:
        raise UsageError(
            'codeblue.toml [target]: no "openapi". Set the path of the OpenAPI document to fuzz.'
        )
    return Assignment(
        base_url=session.base_url,
        openapi=session.base_url + session.target.openapi,
        headers=session.headers(options.tenant, options.role),
        patients=options.patient or session.patients(options.tenant)[-_PATIENTS:],
        seconds=options.seconds,
        examples=options.examples,
        seed=options.seed,
        spared=options.spare,
    )


if __name__ == "__main__":
    sys.exit(main())
