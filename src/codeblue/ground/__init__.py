"""The ground of a run: the platform up, its edges proxied, synthetic patients seeded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codeblue.ground.seeding import seed
from codeblue.journal import Journal, RunDirectory
from codeblue.patients import load_population
from codeblue.session import Session, started


@contextmanager
def prepared(
    workspace: Path, run: RunDirectory, profile: str, random_seed: int
) -> Iterator[Session]:
    """A session with its patients in place; everything ends when the block is left.

    Raises:
        UsageError: ``codeblue.toml`` or a population is wrong.
        TargetError: the platform does not start, or does not take the patients.
    """
    journal = Journal(run)
    journal.event("phase", name="platform", state="started")
    with started(workspace, run, profile, random_seed) as session:
        journal.event("phase", name="platform", state="finished")
        _seed(session)
        yield session


def _seed(session: Session) -> None:
    if session.target.fhir is None:
        session.journal.event(
            "warning", text="No FHIR address in codeblue.toml, so no patients were seeded."
        )
        return
    session.journal.event("phase", name="patients", state="started")
    start = 0
    for name, tenant in session.target.tenants.items():
        # Each tenant gets people of its own: the next ones of the population.
        seed(session, name, load_population(tenant.population), tenant.patients, start=start)
        start += tenant.patients
    session.journal.event("phase", name="patients", state="finished")
