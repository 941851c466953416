"""Which version of the score a patient gets, and what becomes of a new version."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from uuid import uuid4

import orjson
import structlog
from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from reference_platform.decisions import Decisions
from reference_platform.decisions.canary_progressive import Evidence, Step
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.cds.news2 import Vitals
from reference_platform.services.cds.rollout import Rollout, RolloutProvider, rollout
from reference_platform.services.cds.trials import Trial, attempt
from reference_platform.services.cds.versions import Assessment, versions
from reference_platform.services.configuration import PLACE, PLATFORM, ConfigurationFeed
from reference_platform.services.downstream import Downstream

NAME = "releases"
"""The configuration of the platform that says how far the latest release got."""
FLAG = "cds-version"
_PATIENCE = 1.0  # seconds for records to keep a step
_TRIALS_AT_ONCE = 20
_log = structlog.get_logger("reference_platform")


class Releases:
    """Deals patients to versions, and moves a release on by what its candidate does.

    All scores of the platform are made in this process, so both gateways see the same sides.
    """

    def __init__(self, feed: ConfigurationFeed, records: Downstream, decisions: Decisions) -> None:
        self._feed = feed
        self._records = records
        self._canary = decisions.canary_progressive
        self._versions = versions()
        self._evidence = Evidence()
        self._counted = Rollout()
        self._stopped: Rollout | None = None
        self._moving = False
        self._tasks: set[asyncio.Task[object]] = set()
        domain = f"cds-{uuid4().hex}"
        api.set_provider_and_wait(RolloutProvider(lambda: self.current), domain)
        self._flags = api.get_client(domain)

    @property
    def current(self) -> Rollout:
        """The latest release; what was stopped here is stopped, even before records knows it."""
        known, stopped = rollout(self._feed.value(PLATFORM, NAME)), self._stopped
        return stopped if stopped and stopped.number == known.number else known

    @property
    def evidence(self) -> Evidence:
        """What was counted at the present share."""
        return self._evidence if self._counted == self.current else Evidence()

    async def assess(self, key: str, vitals: Vitals, scale: int) -> tuple[str, Assessment]:
        """The version that `key` gets, and its answer.

        While a candidate is compared, the stable version answers wherever the candidate did not.
        """
        now = self.current
        name = self._flags.get_string_value(FLAG, now.stable, EvaluationContext(key))
        if not (self._canary.compares and now.state == "ramping"):
            return name, await self._versions[name](vitals, scale)
        if name == now.candidate:
            trial = await self._try(now, vitals, scale)
            if trial.answer is not None:
                return name, trial.answer
        elif len(self._tasks) < _TRIALS_AT_ONCE:
            self._spawn(self._try(now, vitals, scale))
        return now.stable, await self._versions[now.stable](vitals, scale)

    async def begin(self, version: str) -> Rollout:
        """Release `version`; Refusal 409 while another release is under way, or it serves."""
        await self._feed.refresh()
        now = self.current
        if now.state == "ramping" or version == now.serving:
            raise Refusal(409, f"cds: {now.candidate} is {now.state}. Roll it back first.")
        begin = self._canary.begin
        proposed = Rollout(now.number + 1, now.serving, version, begin.share, begin.state)
        await self._keep(proposed)
        return self.current

    async def roll_back(self) -> Rollout:
        """The stable version for everybody, from now on; Refusal 409 when it serves already.

        The kill switch: it works here at once, and is kept as soon as records can keep it.
        """
        now = self.current
        if now.share == 0:
            raise Refusal(409, f"cds: {now.stable} serves already.")
        self._stopped = now.after(Step(0, "rolled-back", "rolled back by hand"))
        await self._keep_if_possible(self._stopped)
        return self.current

    def _spawn(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, now: Rollout, vitals: Vitals, scale: int) -> Trial:
        trial = await attempt(
            self._versions[now.candidate], self._versions[now.stable], vitals, scale
        )
        self._count(now, trial)
        return trial

    def _count(self, now: Rollout, trial: Trial) -> None:
        """Add to the evidence; take the step that follows from it."""
        if self._moving or now != self.current:
            return  # about a share that is over
        if now != self._counted:
            self._counted, self._evidence = now, Evidence()
        evidence = self._evidence
        evidence.compared += 1
        evidence.errors += trial.error
        evidence.slow += trial.slow
        evidence.disagreements += trial.disagreement
        step = self._canary.next(now.share, evidence)
        if step is not None:
            self._moving = True
            self._spawn(self._move(now.after(step)))
            if step.state == "rejected":
                self._stopped = now.after(step)

    async def _move(self, proposed: Rollout) -> None:
        try:
            await self._keep_if_possible(proposed)
        finally:
            self._moving = False

    async def _keep_if_possible(self, proposed: Rollout) -> None:
        try:
            await self._keep(proposed)
        except (Refusal, OSError) as error:
            _log.warning("release step not kept", error=type(error).__name__)

    async def _keep(self, proposed: Rollout) -> None:
        after = self._feed.version(PLATFORM, NAME)
        reply = await self._records.send(
            "PUT",
            f"{PLACE}/{NAME}?after={after}",
            Deadline(None).within(_PATIENCE),
            body=orjson.dumps(proposed.content()),
        )
        if reply.status != HTTPStatus.OK:
            raise Refusal(reply.status, "cds: the release was not kept. Look at it, then decide.")
        await self._feed.refresh()
