"""The guard of the experiments that ship: does the platform answer anything at all?"""

from __future__ import annotations

from typing import Any

import httpx

from codeblue.session import attach

_PATIENCE = 2.5  # seconds; a machine that is busy answers late, a platform that is gone does not


def front_door(path: str = "/") -> dict[str, Any]:
    """Ask the platform for ``path``, past the fault proxy: ``{open, status, measured}``.

    ``open`` is 1.0 when it answers with whatever status, and 0.0 when nobody answers. The faults
    of an experiment break what is behind the front door; when the door itself is shut, more is
    broken than was meant, and the experiment has to end.
    """
    session = attach()
    try:
        answer = httpx.get(f"{session.base_url}{path}", timeout=_PATIENCE, trust_env=False)
    except httpx.TransportError as error:
        said = f"{path}: no answer ({type(error).__name__})"
        return {"open": 0.0, "status": 0, "measured": said}
    said = f"{path}: status {answer.status_code}"
    return {"open": 1.0, "status": answer.status_code, "measured": said}
