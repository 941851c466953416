"""``chaos run`` in a process of its own, and one hang written in three ways."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from codeblue.journal import read_events

if TYPE_CHECKING:
    from codeblue.session import Session

# A generous guard where something has to happen, and time for a process to reach its pause.
GUARD = 60.0
SETTLED = 1.0


@dataclass
class ChaosRun:
    """``chaos run`` in a process of its own, in the workspace of ``session``."""

    session: Session
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, experiment: dict[str, Any], *options: str) -> subprocess.Popen[str]:
        """Begin ``experiment``; its output is kept."""
        path = self.session.workspace / "experiment.yaml"
        fields = {"title": "Hang", "description": "A hang", **experiment}
        path.write_text(yaml.safe_dump(fields))
        command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", "run", *options]
        process = subprocess.Popen(
            [*command, str(path)],
            cwd=self.session.workspace,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def start_under_fault(self, experiment: dict[str, Any], *options: str) -> subprocess.Popen[str]:
        """Begin ``experiment`` and wait for its fault."""
        process = self.start(experiment, *options)
        self.until(lambda: bool(self.toxics()), "the fault was never injected")
        # Let it reach its pause: an interrupt that lands in the clean-up of an HTTP client's pool
        # is swallowed by Python itself (weakref callbacks), and tells nothing about either of us.
        time.sleep(SETTLED)
        return process

    def run(self, experiment: dict[str, Any], *options: str) -> int:
        """Run ``experiment`` to its end: the exit code."""
        return self.start(experiment, *options).wait(GUARD)

    def toxics(self) -> list[str]:
        """The toxics on the edge, by name."""
        edge = httpx.get(f"{self.session.proxy_url}/proxies/platform-store").json()
        return [toxic["name"] for toxic in edge["toxics"]]

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of these kinds in the journal of the run."""
        return [event for event in read_events(self.session.run.path) if event["kind"] in kinds]

    @property
    def journal(self) -> dict[str, Any] | None:
        """What Chaos Toolkit wrote at the end, if it came to that."""
        path = self.session.workspace / "journal.json"
        return json.loads(path.read_text()) if path.exists() else None

    def until(self, condition: Callable[[], bool], what: str, seconds: float = GUARD) -> None:
        """Wait for ``condition``."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.05)


@pytest.fixture
def chaos(proxied: Session) -> Iterator[ChaosRun]:
    runs = ChaosRun(proxied)
    yield runs
    for process in runs.processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Experiments:
    """The same hang three ways: as Chaos Toolkit alone does it, with our control, with ours."""

    session: Session

    @property
    def _toxics(self) -> str:
        return f"{self.session.proxy_url}/proxies/platform-store/toxics"

    def add(self, **changes: Any) -> dict[str, Any]:
        toxic = {"name": "hang", "type": "timeout", "attributes": {"timeout": 0}}
        provider = {"type": "http", "url": self._toxics, "method": "POST", "arguments": toxic}
        provider["headers"] = {"Content-Type": "application/json"}
        return {"type": "action", "name": "hang", "provider": provider, **changes}

    def remove(self, name: str = "hang") -> dict[str, Any]:
        provider = {"type": "http", "url": f"{self._toxics}/{name}", "method": "DELETE"}
        return {"type": "action", "name": "heal", "provider": provider}

    def plain(self, *more: dict[str, Any], pause: float = 60) -> dict[str, Any]:
        """A call to the proxy, and one that undoes it."""
        method = [self.add(pauses={"after": pause}), *more]
        return {"method": method, "rollbacks": [self.remove()]}

    def supervised(self, experiment: dict[str, Any], **extension: Any) -> dict[str, Any]:
        """``experiment`` with our control and nothing else of ours."""
        control = {"type": "python", "module": "codeblue.chaos.control"}
        entry = {"name": "codeblue", "id": "hang", **extension}
        controls = [{"name": "codeblue", "provider": control}]
        return {**experiment, "controls": controls, "extensions": [entry]}

    def ours(self, *more: dict[str, Any], pause: float = 60, **extension: Any) -> dict[str, Any]:
        """Our action, without a rollback: our control heals."""
        provider = {"type": "python", "module": "codeblue.chaos.actions", "func": "inject"}
        provider["arguments"] = {"edge": "platform-store", "fault": "hang"}  # type: ignore[assignment]
        add = {"type": "action", "name": "hang", "provider": provider, "pauses": {"after": pause}}
        return self.supervised({"method": [add, *more], "rollbacks": []}, **extension)

    def python(self, func: str, body: str, **changes: Any) -> dict[str, Any]:
        """An activity in Python: ``body`` in a module beside the experiment."""
        path = self.session.workspace / f"module_{func}.py"
        path.write_text(f"import time\nfrom pathlib import Path\n\n\ndef {func}():\n    {body}\n")
        provider = {"type": "python", "module": path.stem, "func": func}
        return {"type": "action", "name": func, "provider": provider, **changes}

    def mark(self) -> dict[str, Any]:
        """An action that leaves a mark."""
        return self.python("leaves_a_mark", f"Path({str(self._mark)!r}).touch()")

    @property
    def marked(self) -> bool:
        """Whether that action was played."""
        return self._mark.exists()

    @property
    def _mark(self) -> Path:
        return self.session.workspace / "mark"

    def asks(self, path: str, **changes: Any) -> dict[str, Any]:
        """A guard that asks the platform over HTTP."""
        provider = {"type": "http", "url": f"{self.session.base_url}{path}", "timeout": 1}
        return {"name": "asks", "provider": provider, "tolerance": 200, **changes}


@pytest.fixture
def experiments(proxied: Session) -> Experiments:
    return Experiments(proxied)
