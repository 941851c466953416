"""What was asked for on the command line, checked before anything is started."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codeblue.cli.load.address import Address
from codeblue.cli.load.attach_or_start import DEFAULT, live_session
from codeblue.errors import UsageError, did_you_mean
from codeblue.faults import Fault, make, place_kind
from codeblue.load import LoadPlan
from codeblue.load.planning.plan import journey_files
from codeblue.load.planning.profile import profiles, read_plan
from codeblue.session_file import SessionFile
from codeblue.target import Target, Variables, load_target

_PARTS = 2  # after the edge: a kind, and arguments


@dataclass(frozen=True)
class Order:
    """One load: the plan, the platform to put it on, and the fault to put it under.

    ``bind`` is where workers on other machines find the master; ``None`` when all are here.
    """

    workspace: Path
    profile: str
    plan: LoadPlan
    target: str
    platform: str
    live: SessionFile | None
    seed: int
    fault: Fault | None = None
    asked: str = ""
    """The fault in the words of the command line."""
    tenant: str | None = None
    bind: Address | None = None

    @property
    def command(self) -> str:
        """The command line that asks for this again."""
        return shlex.join(["codeblue", "load", *self._words()])

    def _words(self) -> Iterator[str]:
        yield from ("--profile", self.profile, "--platform", self.platform)
        yield from ("--seed", str(self.seed))
        if self.tenant is not None:
            yield from ("--tenant", self.tenant)
        if self.fault is not None:
            yield from ("--fault", self.asked)
        if self.bind is not None:
            yield from ("--master", "--bind", f"{self.bind[0]}:{self.bind[1]}")
        if self.plan.workers > 1:
            yield from ("--workers", str(self.plan.workers))


def ordered(
    workspace: Path,
    profile: str,
    platform: str | None,
    *,
    seed: int,
    workers: int,
    fault: str | None,
    tenant: str | None,
    bind: Address | None,
) -> Order:
    """The order, with everything in it that can be wrong looked at.

    Raises:
        UsageError: the profile, a journey, the platform, a tenant or the fault is not there.
    """
    plan = planned(workspace, profile, seed=seed, workers=workers, tenant=tenant)
    live = live_session(workspace, platform)
    name = live.profile if live is not None else platform or DEFAULT
    variables = Variables(profile=name) if live is None else Variables(**live.variables)
    target = load_target(workspace, variables)
    require_tenants(target, plan)
    if bind is not None and plan.search is not None:
        raise UsageError(f"--master: {profile} is a search, which one machine does. Leave it out.")
    return Order(
        workspace=workspace,
        profile=profile,
        plan=plan,
        target=target.name,
        platform=name,
        live=live,
        seed=seed,
        fault=None if fault is None else _fault(fault, target),
        asked=fault or "",
        tenant=tenant,
        bind=bind,
    )


def planned(
    workspace: Path, profile: str, *, seed: int, workers: int, tenant: str | None
) -> LoadPlan:
    """The plan that the load profile ``profile`` describes.

    Raises:
        UsageError: there is no such profile, or no such journey as it names.
    """
    known = profiles(workspace)
    if profile not in known:
        raise UsageError(f'load profile "{profile}": there is none. {did_you_mean(profile, known)}')
    plan = read_plan(known[profile], label=profile, seed=seed, workers=workers, workspace=workspace)
    journey_files(plan, workspace)
    return plan if tenant is None else _only(plan, tenant)


def _only(plan: LoadPlan, tenant: str) -> LoadPlan:
    """The same arrivals, all of them at ``tenant``."""
    streams = {
        name: stream.model_copy(update={"tenant": tenant}) for name, stream in plan.journeys.items()
    }
    return plan.model_copy(update={"journeys": streams})


def require_tenants(target: Target, plan: LoadPlan) -> None:
    """Refuse a plan whose journeys have nobody on ``target`` to act for.

    Raises:
        UsageError: the target has no tenants, or not the one that a stream names.
    """
    if not target.tenants:
        raise UsageError(
            "codeblue.toml: no [tenants.NAME] section, so journeys have nobody to act for. Add one."
        )
    for stream in plan.journeys.values():
        if stream.tenant is not None:
            target.tenant(stream.tenant)


def _fault(text: str, target: Target) -> Fault:
    """``EDGE:KIND``, or ``EDGE:KIND:name=number,...`` for a fault that takes arguments."""
    edge, *rest = text.split(":", _PARTS)
    if not rest:
        raise UsageError(
            f'--fault {text}: not a fault. Write EDGE:KIND, e.g. "hub-insurer:latency:ms=500".'
        )
    if place_kind(rest[0]) == "edge":
        target.edge(edge)
    arguments = rest[1].split(",") if len(rest) == _PARTS else []
    return make(rest[0], edge, **dict(_argument(text, each) for each in arguments))


def _argument(text: str, argument: str) -> tuple[str, int]:
    name, _, number = argument.partition("=")
    if not number.isdecimal():
        raise UsageError(f'--fault {text}: "{argument}" is not NAME=NUMBER. Put it right.')
    return name, int(number)
