"""The partners outside the platform, in one process: insurer, FHIR partner, SMS, legacy EHR."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette

from reference_platform import mllp
from reference_platform.partners.fhir_partner import FhirPartner
from reference_platform.partners.insurer import Insurer
from reference_platform.partners.legacy_ehr import LegacyEhr
from reference_platform.partners.sms import SmsSink
from reference_platform.ports import HOST
from reference_platform.serving import configuration, serve


def run(*, insurer: int, fhir_partner: int, sms: int, ehr: int) -> None:
    """Serve three partners by HTTP and the legacy EHR by MLLP, on these ports, until SIGTERM."""

    @asynccontextmanager
    async def with_the_others(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_serving(FhirPartner().app(), fhir_partner))
            await stack.enter_async_context(_serving(SmsSink().app(), sms))
            server = await mllp.serve(HOST, ehr, legacy.answer)
            yield
            server.close()

    legacy = LegacyEhr()
    serve(Insurer(legacy).app(with_the_others), insurer)


class _Beside(uvicorn.Server):
    """A server beside the first one of the process, which is the one that hears the signals."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """None."""
        return nullcontext()


@asynccontextmanager
async def _serving(app: Starlette, port: int) -> AsyncIterator[None]:
    server = _Beside(configuration(app, port))
    task = asyncio.create_task(server.serve())
    yield
    server.should_exit = True
    await task
