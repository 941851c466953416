"""NEWS2 scores: of a patient, of a set of vital signs, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from reference_platform.contract.cds import EscalationStep, Workflow
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.cds.assessments import AssessmentStore
from reference_platform.services.cds.measurements import asked_codes, standard, vitals
from reference_platform.services.cds.news2 import PARAMETERS, Vitals, risk
from reference_platform.services.cds.releases import Releases
from reference_platform.services.configuration import ConfigurationFeed
from reference_platform.services.downstream import Downstream
from reference_platform.services.inner import Inner

_OTHER_SCALE = 2


class Scores:
    """Scores by the rules of the hospital that asks, in the version that the patient gets."""

    def __init__(
        self, inner: Inner, records: Downstream, feed: ConfigurationFeed, releases: Releases
    ) -> None:
        self._clock = inner.settings.clock
        self._decisions = inner.decisions
        self._records = records
        self._feed = feed
        self._releases = releases
        self._store = AssessmentStore(records, inner.decisions.instant_rollback)

    async def of_patient(self, call: Call) -> Response:
        """`GET /v1/patients/{id}/news2`: from the latest vital signs; what is complete is kept."""
        workflow = self._workflow(call.tenant)
        known = await self._known(call, workflow)
        scale = _scale(workflow, known["conditions"])
        observations = standard(known["observations"], workflow.codes)
        measured = vitals(observations, self._decisions.semantic_validation)
        score = await self._score(call.path["id"], measured, scale, workflow)
        if score["score"] is not None and not await self._store.append(call, score):
            score["degraded"] = ["assessments"]
        return answer(orjson.dumps(score))

    async def of_vitals(self, call: Call) -> Response:
        """`POST /v1/news2`: of what was sent; nothing is kept."""
        sent, workflow = call.json(), self._workflow(call.tenant)
        key = sent.get("patient", call.who.subject)
        scale = sent.get("scale", workflow.news2.scale)
        return answer(orjson.dumps(await self._score(key, _sent(sent), scale, workflow)))

    async def triage(self, call: Call) -> Response:
        """`POST /v1/triage`: the level and the steps of the hospital's own table."""
        sent, workflow = call.json(), self._workflow(call.tenant)
        key = sent.get("patient", call.who.subject)
        scale = sent.get("scale", workflow.news2.scale)
        score = await self._score(key, _sent(sent), scale, workflow)
        step = _step(workflow.triage.levels, score["score"])
        told = {
            "tenant": call.tenant,
            "score": score["score"],
            "level": step.level if step else None,
            "steps": step.steps if step else [],
            "missing": score["missing"],
            "scale": scale,
            "configuration": self._feed.version(call.tenant, "triage"),
        }
        return answer(orjson.dumps(told))

    async def stored(self, call: Call) -> Response:
        """`GET /v1/patients/{id}/assessments`: as the version that serves now reads them."""
        read = await self._store.read(call, self._releases.current.serving)
        return answer(orjson.dumps({"assessments": read}))

    def _workflow(self, tenant: str) -> Workflow:
        return self._decisions.configurable_workflows.workflow(tenant, self._feed.value)

    async def _known(self, call: Call, workflow: Workflow) -> Mapping[str, Any]:
        """The patient's latest observations by code, and the codes of the conditions."""
        codes = urlencode({"codes": ",".join(asked_codes(workflow.codes))})
        target = f"/internal/patients/{call.path['id']}/vitals?{codes}"
        reply = await self._records.send(
            "GET", target, call.deadline, call.who.header(), repeatable=True
        )
        if reply.status == HTTPStatus.NOT_FOUND:
            raise Refusal(404, "Patient: nothing has this id.")
        if reply.status != HTTPStatus.OK:
            raise Refusal(503, "records: cannot tell the vital signs. Ask again in a second.")
        known: Mapping[str, Any] = orjson.loads(reply.body)
        return known

    async def _score(
        self, key: str, measured: Vitals, scale: int, workflow: Workflow
    ) -> dict[str, Any]:
        version, assessment = await self._releases.assess(key, measured, scale)
        parameters = assessment.parameters
        missing = [name for name in PARAMETERS if name not in parameters]
        total = self._decisions.graceful_degradation.total(parameters, missing)
        step = _step(workflow.news2.escalation, total)
        score = {
            "score": total,
            "status": "incomplete" if total is None else "complete",
            "missing": missing,
            "risk": None if total is None else risk(parameters),
            "scale": scale,
            "version": version,
            "computed_at": self._clock.now().isoformat(timespec="milliseconds"),
            "parameters": parameters,
            "escalation": step.steps if step else [],
        }
        why = assessment.explanation
        return score if why is None else {**score, "explanation": why}


def _sent(body: Mapping[str, Any]) -> Vitals:
    return Vitals(**{name: body[name] for name in PARAMETERS if name in body})


def _scale(workflow: Workflow, conditions: Sequence[str]) -> int:
    """The hospital's scale, or scale 2 for somebody with one of the conditions that it names."""
    special = set(workflow.news2.scale_2_conditions) & set(conditions)
    return _OTHER_SCALE if special else workflow.news2.scale


def _step(steps: Sequence[EscalationStep], score: int | None) -> EscalationStep | None:
    """The last step that `score` reaches; none as long as there is no score."""
    reached = [step for step in steps if score is not None and step.at_least <= score]
    return reached[-1] if reached else None
