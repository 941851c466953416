"""Starts the fuzzing process and reads what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codeblue.errors import TargetError
from codeblue.fuzz.result import FuzzResult

if TYPE_CHECKING:
    from codeblue.session import Session

# Start-up, the last request's own time limit, and the report.
_GRACE_S = 40


def fuzz(
    session: Session,
    *,
    tenant: str = "riverside",
    role: str = "clinician",
    seconds: int = 8,
    examples: int = 10,
    patients: Sequence[str] = (),
    spared: Sequence[str] = (),
) -> FuzzResult:
    """Fuzz every operation of the target's OpenAPI document for about ``seconds``.

    Schemathesis and its registries live in a child process, so nothing of it leaks in here. The
    seed is that of the session; ``examples`` bounds the random requests per operation. Requests
    name ``patients``, whom they may change or delete, or else some of the seeded ones; ``spared``
    are operations, such as ``POST /v1/clock``, that are never called.

    Raises:
        TargetError: the fuzzing process failed, or did not end in time.
    """
    report = session.run.path / f"fuzz-{tenant}-{role}.json"
    log = session.run.logs / "fuzz.log"
    report.unlink(missing_ok=True)
    options = {
        "session": session.run.path / "session.json",
        "tenant": tenant,
        "role": role,
        "seconds": seconds,
        "examples": examples,
        "seed": session.seed,
        "json": report,
    }
    command = [sys.executable, "-m", "codeblue.fuzz"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    command += [f"--patient={patient}" for patient in patients]
    command += [f"--spare={operation}" for operation in spared]
    _run(command, log, seconds + _GRACE_S)
    return FuzzResult.from_json(json.loads(report.read_text("utf-8")))


def _run(command: list[str], log: Path, limit: float) -> None:
    try:
        with log.open("ab") as output:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=limit,
                check=True,
            )
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"fuzzing: not finished after {limit:.0f} s. See {log}.") from error
    except subprocess.CalledProcessError as error:
        lines = log.read_text("utf-8", "replace").splitlines() or ["It printed nothing."]
        raise TargetError(f"fuzzing: {lines[-1]} (Log: {log})") from error
