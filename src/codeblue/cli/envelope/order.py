"""What was asked for on the command line, checked before anything is started."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codeblue.cli.load.attach_or_start import DEFAULT, live_session
from codeblue.cli.load.order import planned, require_tenants
from codeblue.envelope import FAULTS, Cell, cells_of
from codeblue.errors import UsageError, did_you_mean
from codeblue.load import LoadPlan
from codeblue.session_file import SessionFile
from codeblue.target import Target, Variables, load_target


@dataclass(frozen=True)
class Order:
    """What to break, under which load, on which platform, and for how long at most.

    ``plan`` is the load of one point. ``whole`` says that a map was asked for.
    """

    workspace: Path
    edges: tuple[str, ...]
    faults: tuple[str, ...]
    whole: bool
    profile: str
    plan: LoadPlan
    target: str
    platform: str
    live: SessionFile | None
    seed: int
    minutes: float

    @property
    def name(self) -> str:
        """The envelope that is looked for, as the id of a check."""
        return "envelope-map" if self.whole else f"envelope-{self.edges[0]}-{self.faults[0]}"

    @property
    def title(self) -> str:
        """The question, in words."""
        what = "" if self.whole else f" of {self.faults[0]} on {self.edges[0]}"
        return f"How much{what or ' of every fault on every edge'} the platform takes"

    @property
    def command(self) -> str:
        """The command line that asks for this again."""
        return shlex.join(["codeblue", "envelope", *self._words()])

    def cells(self) -> list[Cell]:
        """Every edge under every fault, with nothing known of them."""
        return cells_of(self.edges, self.faults)

    def _words(self) -> Iterator[str]:
        if self.whole:
            yield "--map"
        for edge in self.edges:
            yield from ("--edge", edge)
        for fault in self.faults:
            yield from ("--fault", fault)
        yield from ("--profile", self.profile, "--platform", self.platform)
        yield from ("--seed", str(self.seed))
        yield from ("--seconds-per-point", f"{self.plan.seconds:g}")
        yield from ("--minutes", f"{self.minutes:g}")


def ordered(  # noqa: PLR0913 - one for each option
    workspace: Path,
    edges: Sequence[str],
    faults: Sequence[str],
    *,
    whole: bool,
    profile: str,
    platform: str | None,
    seed: int,
    seconds: float,
    minutes: float,
) -> Order:
    """The order, with everything in it that can be wrong looked at.

    Raises:
        UsageError: an edge, a fault, the profile or a journey is not there, or too few are named.
    """
    plan = planned(workspace, profile, seed=seed, workers=1, tenant=None)
    live = live_session(workspace, platform)
    name = live.profile if live is not None else platform or DEFAULT
    variables = Variables(profile=name) if live is None else Variables(**live.variables)
    target = load_target(workspace, variables)
    require_tenants(target, plan)
    return Order(
        workspace=workspace,
        edges=_edges(edges, target, whole=whole),
        faults=_faults(faults, whole=whole),
        whole=whole,
        profile=profile,
        plan=_short(plan, seconds),
        target=target.name,
        platform=name,
        live=live,
        seed=seed,
        minutes=minutes,
    )


def _edges(named: Sequence[str], target: Target, *, whole: bool) -> tuple[str, ...]:
    for edge in named:
        target.edge(edge)
    if not target.edges:
        raise UsageError("codeblue.toml: no [edges.NAME] section, so nothing can be broken.")
    if whole:
        return tuple(dict.fromkeys(named)) or tuple(target.edges)
    if len(named) != 1:
        raise UsageError("--edge: name one edge, or ask for all of them with --map.")
    return tuple(named)


def _faults(named: Sequence[str], *, whole: bool) -> tuple[str, ...]:
    for fault in named:
        if fault not in FAULTS:
            raise UsageError(f'--fault "{fault}": not one. {did_you_mean(fault, FAULTS)}')
    if whole:
        return tuple(dict.fromkeys(named)) or FAULTS
    if len(named) != 1:
        raise UsageError(f"--fault: name one of {', '.join(FAULTS)}, or ask for all with --map.")
    return tuple(named)


def _short(plan: LoadPlan, seconds: float) -> LoadPlan:
    """The same mix, for ``seconds``."""
    if plan.shape or any(stream.shape or stream.times for stream in plan.journeys.values()):
        raise UsageError(
            f"load profile {plan.label}: its rate changes over time, so its parts cannot be "
            "compared. Take a profile with constant rates."
        )
    left_out = {"search": None, "recovery": None, "seconds": seconds}
    return plan.model_copy(update=left_out)
