"""HL7 v2 messages into a receiver that speaks MLLP."""

from __future__ import annotations

from codeblue.errors import TargetError
from codeblue.mllp import AsyncMllpConnection
from codeblue.patients.replay.channel import CLOSED, TIMEOUT
from codeblue.patients.replay.delivery import Delivery, Standard

_CONTROL_ID = 9  # MSH-10, counted from the name of the segment


class MllpChannel:
    """One connection for each lane; one that failed is opened again for the next message."""

    name = "mllp"
    standard: Standard = "hl7v2"

    def __init__(self, host: str, port: int, patience: float) -> None:
        self._host = host
        self._port = port
        self._patience = patience
        self._connections: dict[int, AsyncMllpConnection] = {}

    async def open(self) -> None:
        """Connect once, and keep that for the first lane.

        Raises:
            TargetError: nobody listens.
        """
        try:
            self._connections[0] = await self._connect()
        except OSError as error:
            raise TargetError(
                f"mllp {self._host}:{self._port}: cannot be reached ({_why(error)}). "
                "Start the receiver, or correct the address."
            ) from error

    async def send(self, lane: int, delivery: Delivery) -> str:
        """Send the message; MSA-1 of the answer, such as ``AA``, or why there is none.

        An answer to another message is ``mismatch``.
        """
        try:
            if lane not in self._connections:
                self._connections[lane] = await self._connect()
            answer = await self._connections[lane].send(delivery.message)
        except OSError as error:
            await self._drop(lane)
            return CLOSED if not isinstance(error, TimeoutError) else TIMEOUT
        control_id = delivery.message.split(b"|", _CONTROL_ID + 1)[_CONTROL_ID].decode()
        return answer.code if answer.control_id == control_id else "mismatch"

    async def close(self) -> None:
        """End all connections."""
        for lane in list(self._connections):
            await self._drop(lane)

    async def _connect(self) -> AsyncMllpConnection:
        return await AsyncMllpConnection.open(self._host, self._port, self._patience)

    async def _drop(self, lane: int) -> None:
        if connection := self._connections.pop(lane, None):
            await connection.close()


def _why(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error)
