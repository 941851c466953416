"""Laboratory requests: HL7 v2 ORM^O01 over MLLP to the legacy EHR, one connection each.

A connection of its own per message cannot mix up the acknowledgement of a message with the late
one of a message before.
"""

from __future__ import annotations

import asyncio

import hl7
import orjson
from starlette.responses import Response

from reference_platform import mllp
from reference_platform.database.patients import require_patient
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.hub import er7
from reference_platform.services.inner import Stored


class LabRequests:
    """Orders for the laboratory of the legacy EHR."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._bulkheads = inner.decisions.bulkheads
        self._timeouts = inner.decisions.timeouts_deadlines
        host, _, port = inner.settings.address("hub", "ehr").rpartition(":")
        self._host, self._port = host, int(port)

    async def send(self, call: Call) -> Response:
        """`POST /v1/lab-requests`."""
        wanted = call.json()
        async with self._inner.transaction(call) as connection:
            await require_patient(connection, wanted.get("patient"))
        control_id = er7.control_id()
        patient, code = wanted.get("patient"), wanted.get("code")
        message = er7.laboratory_order(call.tenant, control_id, patient, code)
        limit = call.deadline.within(self._timeouts.edge)
        async with self._bulkheads.permit("ehr"), limit.scope():
            acknowledgement = await self._exchange(message)
        if (verdict := _verdict(acknowledgement, control_id)) != "AA":
            raise Refusal(502, f"ehr: answered {verdict} to this request.")
        return answer(orjson.dumps({"acknowledgement": verdict, "control_id": control_id}), 201)

    async def _exchange(self, message: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            return await mllp.exchange(reader, writer, message)
        except mllp.MllpError:
            raise Refusal(502, "ehr: the connection broke before it answered.") from None
        finally:
            writer.close()


def _verdict(acknowledgement: bytes, control_id: str) -> str:
    """MSA-1, if the acknowledgement is ours (MSA-2)."""
    try:
        segment = hl7.parse(acknowledgement, encoding=er7.ENCODING).segment("MSA")
        code, about = str(segment[1]), str(segment[2])
    except (hl7.HL7Exception, ValueError, LookupError):
        raise Refusal(502, "ehr: its acknowledgement cannot be read.") from None
    if about != control_id:
        raise Refusal(502, "ehr: acknowledged another message.")
    return code
