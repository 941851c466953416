"""The way to the legacy EHR: HL7 v2 over MLLP, one connection for each message.

A connection of its own per message cannot mix up the acknowledgement of a message with the late
one of a message before, unless the EHR itself does.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import hl7

from reference_platform import mllp, tracing
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.dependencies import LostError
from reference_platform.dialects.outbound import LaboratoryDialect
from reference_platform.outcomes import Refusal
from reference_platform.services.edge import Edge
from reference_platform.services.hub.er7 import LaboratoryOrder, laboratory_order
from reference_platform.services.inner import Stored

# What the parser raises for missing parts, repeated separators and wrong bytes.
_UNREADABLE = (hl7.HL7Exception, ValueError, LookupError, TypeError, AssertionError)


class LegacyEhr:
    """Sends orders, and understands their acknowledgements."""

    def __init__(self, inner: Stored, dialect: LaboratoryDialect) -> None:
        self._edge = Edge(inner.name, "ehr", inner.decisions)
        self._dialect = dialect
        host, _, port = inner.settings.address("hub", "ehr").rpartition(":")
        self._host, self._port = host, int(port)

    async def send(self, order: LaboratoryOrder, deadline: Deadline) -> None:
        """Return when the EHR has accepted `order`. It tells a repetition by the control id.

        Raises Refusal: 502 when it did not or its answer cannot be used, 503; or TimeoutError.
        """

        async def attempt(_limit: Deadline) -> None:
            traced = replace(order, traceparent=tracing.traceparent() or "")
            message = laboratory_order(traced, self._dialect)
            verdict = await self._exchange(message, order.control_id)
            if verdict != "AA":
                raise Refusal(502, f"ehr: answered {verdict} to this request.")

        await self._edge.call(deadline, attempt, repeatable=True)

    async def _exchange(self, message: bytes, control_id: str) -> str:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
            await mllp.send(writer, message)
            return await self._verdict(reader, control_id)
        except ConnectionRefusedError:
            sentence = "ehr: cannot be reached. Ask again in a second."
            raise LostError(503, sentence, headers={"Retry-After": "1"}) from None
        except (mllp.MllpError, ConnectionError):
            raise LostError(502, "ehr: the connection broke before it answered.") from None
        finally:
            if writer:
                writer.close()

    async def _verdict(self, reader: asyncio.StreamReader, control_id: str) -> str:
        """MSA-1 of the acknowledgement that is ours (MSA-2), past a few that are not."""
        for _ in range(1 + self._dialect.strays):
            code, about = self._read(await mllp.acknowledgement(reader))
            if about == control_id:
                return code
        raise Refusal(502, "ehr: acknowledged another message.")

    def _read(self, acknowledgement: bytes) -> tuple[str, str]:
        try:
            segment = hl7.parse(acknowledgement, encoding=self._dialect.answers).segment("MSA")
            code, about = str(segment[1]), str(segment[2])
        except _UNREADABLE:
            raise Refusal(502, "ehr: its acknowledgement cannot be read.") from None
        return (code if code in ("AA", "AE", "AR") else "no verdict"), about
