"""``population.json``: what was asked of a folder, and what it came to once it is complete."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson

from codeblue.errors import CodeblueError, UsageError
from codeblue.patients.writing.files import ShardFiles, sweep
from codeblue.patients.writing.job import Job, Written

MANIFEST = "population.json"
"""Without ``written`` in it, the run was interrupted: the same command starts it afresh."""


def claim(job: Job) -> None:
    """Take the folder for this job; what an interrupted run left of the same one may go.

    Raises:
        UsageError: the folder holds something else.
        CodeblueError: it cannot be made or written.
    """
    try:
        _check_free(job)
        sweep(job.out)
        _write(job, asked(job))
    except OSError as error:
        raise CodeblueError(
            f"{job.out}: cannot be written ({error.strerror}). Choose a folder that is yours."
        ) from error


def finish(job: Job, total: Written) -> None:
    """Say that the folder is complete, and what is in it."""
    _write(job, asked(job) | {"written": vars(total)})


def asked(job: Job) -> dict[str, Any]:
    """What decides the bytes of the files."""
    return {
        "population": job.population,
        "size": job.size,
        "seed": job.seed,
        "format": job.format,
        "wanted": list(job.wanted),
        "shard": job.shard,
        "versions": {name: version(name) for name in ("codeblue", "numpy", "pyarrow")},
    }


def _check_free(job: Job) -> None:
    if not job.out.exists() or not any(job.out.iterdir()):
        return
    try:
        found = orjson.loads((job.out / MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError) as error:
        raise UsageError(
            f"{job.out}: not empty, and not written by this command. Choose a new folder."
        ) from error
    found.pop("written", None)
    if found != asked(job):
        raise UsageError(
            f"{job.out}: holds another population or format. Choose a new folder, or remove it."
        )


def _write(job: Job, content: dict[str, Any]) -> None:
    with ShardFiles(job.out) as files:
        text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        files.open(MANIFEST).write(text + b"\n")
