"""Text messages to patients, through the SMS gateway."""

from __future__ import annotations

import orjson

from reference_platform.decisions.async_workflows import HopelessError
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.worker.lane import NO_DEADLINE

_REFUSED = range(400, 500)
_AGAIN = (408, 429)
_JSON = {"Content-Type": "application/json"}


def require_success(name: str, reply: Reply) -> None:
    """Refusal 502 when `name` may succeed another time, HopelessError when it never will."""
    if reply.status in _REFUSED and reply.status not in _AGAIN:
        raise HopelessError(f"{name}: refused with {reply.status}.")
    if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's class of success
        raise Refusal(502, f"{name}: answered {reply.status}.")


class TextMessages:
    """The way to patients' telephones."""

    def __init__(self, sms: Downstream) -> None:
        self._sms = sms

    async def send(self, key: str, patient: str, text: str) -> None:
        """Send `text`, which says nothing about health; the same `key` is the same message.

        Raises as `Downstream.send` and `require_success`.
        """
        body = orjson.dumps({"key": key, "to": patient, "text": text})
        reply = await self._sms.send("POST", "/messages", NO_DEADLINE, _JSON, body)
        require_success("sms", reply)
