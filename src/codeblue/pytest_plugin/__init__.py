"""The pytest plugin: ``pytest scenarios experiments --profile pilot`` runs an assessment.

It stays out of the way of ordinary tests: nothing is started unless checks were collected.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from codeblue.checks import Check
from codeblue.pytest_plugin.experiments import ExperimentFile, is_experiment
from codeblue.pytest_plugin.marks import keywords_of
from codeblue.pytest_plugin.proving import PROVING, Proving
from codeblue.session import Session
from codeblue.session.parent import die_with_parent

ClientFactory = Callable[..., httpx.Client]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of an assessment."""
    group = parser.getgroup("codeblue", "resilience checks")
    group.addoption("--profile", default="production", help="profile of the platform under test")
    group.addoption("--suite", default="quick", choices=["quick", "full"], help="which checks run")
    group.addoption("--seed", type=int, default=1, help="seed of everything random in the run")
    group.addoption("--run-directory", help="write into this run instead of a new one")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and keep one :class:`Proving` for the session."""
    config.addinivalue_line(
        "markers", "check(id, title, risk, examines, suite): a resilience check of a platform"
    )
    if config.getoption("run_directory"):
        die_with_parent()  # `codeblue assess` holds this process
        # It asks this process to stop by SIGINT, which a job in the background inherits ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[PROVING] = Proving(config)
    config.pluginmanager.register(config.stash[PROVING], "codeblue-proving")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Chaos Toolkit experiments that carry the codeblue extension are checks."""
    if is_experiment(file_path):
        return ExperimentFile.from_parent(parent, path=file_path)
    return None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k`` find a check by its id, its risk, and the decisions it examines."""
    item.extra_keyword_matches.update(keywords_of(item))


@pytest.fixture(scope="session")
def platform(request: pytest.FixtureRequest) -> Session:
    """The session whose platform is under test."""
    return request.config.stash[PROVING].session


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """The check that this test is."""
    return request.config.stash[PROVING].check_of(request.node)


@pytest.fixture
def client(platform: Session) -> Iterator[ClientFactory]:
    """Makes HTTP clients of the platform, authenticated for a tenant and a role."""
    made: list[httpx.Client] = []

    def make(tenant: str = "riverside", role: str = "clinician") -> httpx.Client:
        headers = platform.headers(tenant, role)
        made.append(httpx.Client(base_url=platform.base_url, headers=headers, timeout=10.0))
        return made[-1]

    yield make
    for one in made:
        one.close()
