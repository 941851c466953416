"""The partners outside the platform, in one process: an insurer and a legacy EHR."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from reference_platform import mllp
from reference_platform.partners.insurer import Insurer
from reference_platform.partners.legacy_ehr import acknowledge
from reference_platform.ports import HOST
from reference_platform.serving import serve


def run(insurer_port: int, ehr_port: int) -> None:
    """Serve the insurer by HTTP and the legacy EHR by MLLP until SIGTERM."""

    @asynccontextmanager
    async def with_ehr(_app: Starlette) -> AsyncIterator[None]:
        server = await mllp.serve(HOST, ehr_port, acknowledge)
        yield
        server.close()

    serve(Insurer().app(with_ehr), insurer_port)
