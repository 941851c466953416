"""How every HTTP process of the platform listens: uvicorn on uvloop and httptools."""

from __future__ import annotations

from typing import Any

import uvicorn
import uvloop  # noqa: F401 - loaded before the fork, so that no child loads it again
from starlette.types import ASGIApp
from uvicorn.lifespan import on as _lifespan  # noqa: F401 - as above
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reference_platform.ports import HOST

# Longer than a client's pause between two requests: a shorter one closes a connection at the very
# moment at which the client uses it again, and a healthy platform would look faulty.
_KEEP_ALIVE = 75

_OPTIONS: dict[str, Any] = {
    "host": HOST,
    "loop": "uvloop",
    "http": HttpToolsProtocol,
    "ws": "none",
    "lifespan": "on",
    "access_log": False,
    "log_level": "warning",
    "timeout_keep_alive": _KEEP_ALIVE,
}


def configuration(app: ASGIApp, port: int, drain: float = 1.0) -> uvicorn.Config:
    """How a server of the platform is set up on 127.0.0.1:`port`.

    From SIGTERM on it listens no more, and lets running requests end for `drain` seconds.
    """
    return uvicorn.Config(app, port=port, **_options(drain))


def serve(app: ASGIApp, port: int, drain: float = 1.0) -> None:
    """Serve `app` on 127.0.0.1:`port` until SIGTERM, and through its drain."""
    uvicorn.run(app, port=port, **_options(drain))


def _options(drain: float) -> dict[str, Any]:
    """uvicorn's annotation asks for whole seconds; it waits for fractions just as well."""
    return {**_OPTIONS, "timeout_graceful_shutdown": drain}
