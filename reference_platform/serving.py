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
_DRAIN = 1


_OPTIONS: dict[str, Any] = {
    "host": HOST,
    "loop": "uvloop",
    "http": HttpToolsProtocol,
    "ws": "none",
    "lifespan": "on",
    "access_log": False,
    "log_level": "warning",
    "timeout_keep_alive": _KEEP_ALIVE,
    "timeout_graceful_shutdown": _DRAIN,
}


def configuration(app: ASGIApp, port: int) -> uvicorn.Config:
    """How a server of the platform is set up on 127.0.0.1:`port`."""
    return uvicorn.Config(app, port=port, **_OPTIONS)


def serve(app: ASGIApp, port: int) -> None:
    """Serve `app` on 127.0.0.1:`port` until SIGTERM, which lets running requests end for 1 s."""
    uvicorn.run(app, port=port, **_OPTIONS)
