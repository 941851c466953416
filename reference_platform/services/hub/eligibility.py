"""Eligibility: the insurer is asked, every time."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.database.patients import require_patient
from reference_platform.decisions.adapter_hub import Adapters, AnswerError
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.downstream import Downstream
from reference_platform.services.inner import Stored

_OK = 200


class Eligibility:
    """Questions to the insurer."""

    def __init__(self, inner: Stored, insurer: Downstream, adapters: Adapters) -> None:
        self._inner = inner
        self._insurer = insurer
        self._adapters = adapters

    async def ask(self, call: Call) -> Response:
        """`POST /v1/eligibility`."""
        question = call.json()
        async with self._inner.transaction(call) as connection:
            await require_patient(connection, question.get("patient"))
        payer, member = question.get("payer"), question.get("member")
        reply = await self._insurer.send(
            "POST",
            "/eligibility",
            call.deadline,
            {"Content-Type": "application/json"},
            self._adapters.question(payer, member),
            repeatable=True,
        )
        if reply.status != _OK:
            raise Refusal(502, "insurer: refused the question.")
        try:
            status = self._adapters.coverage(reply.body, payer, member)
        except AnswerError as error:
            raise Refusal(502, f"insurer: its answer is {error}.") from None
        return answer(orjson.dumps({"status": status, "payer": payer, "member": member}))
