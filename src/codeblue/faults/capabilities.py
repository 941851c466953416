"""What can be done on this machine: one sentence for every type of fault that cannot.

The edge faults need only the fault proxy, and are always able. A fault asks here before anything
else, so that what is missing is refused in words, and never skipped in silence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache

from codeblue.errors import UsageError

PROBE_SECONDS = 5.0

Probe = Callable[[], str | None]


def able(type: str) -> str | None:  # noqa: A002 - the experiments' word
    """None when faults of that type can be made here, else the sentence why they cannot."""
    for probe in _PROBES.get(type, ()):
        if (why := probe()) is not None:
            return why
    return None


def require(type: str) -> None:  # noqa: A002 - the experiments' word
    """UsageError, with the reason, when faults of that type cannot be made here."""
    if (why := able(type)) is not None:
        raise UsageError(f"fault {type}: cannot be made on this machine. {why}")


def capabilities() -> dict[str, str | None]:
    """Every type of fault that needs more than the fault proxy, and what `able` says of it."""
    return {name: able(name) for name in _PROBES}


def _linux() -> str | None:
    if sys.platform == "linux" and os.path.exists("/proc/self/stat"):  # noqa: PTH110 - a probe
        return None
    return "It needs Linux with /proc."


def _handles() -> str | None:
    """pidfd_open: without it a signal could hit a stranger with the same number."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return "It needs handles of processes (pidfd_open, Linux 5.3 or newer)."
    return None


def _limits() -> str | None:
    import resource

    if hasattr(resource, "prlimit"):
        return None
    return "It needs prlimit, which this Python was built without."


def _reservation() -> str | None:
    if hasattr(os, "posix_fallocate"):
        return None
    return "It needs posix_fallocate, which this system does not have."


def _root() -> str | None:
    if os.geteuid() == 0:
        return None
    return "Network namespaces need root; the edge faults of the proxy need no rights."


def _tool(name: str, package: str) -> Probe:
    def probe() -> str | None:
        if shutil.which(name):
            return None
        return f"`{name}` is not on the PATH. Install the package {package}."

    return probe


def _nft_works() -> str | None:
    return _in_a_namespace(("nft", "list", "tables"))


def _netem_works() -> str | None:
    return _in_a_namespace(("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"))


def _in_a_namespace(command: tuple[str, ...]) -> str | None:
    """Why `command` fails in a network namespace of its own; the kernel has the last word."""
    try:
        said = _answer(os.environ.get("PATH", ""), command)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`unshare --net {' '.join(command)}` does not run: {error}."
    if said is None:
        return None
    return (
        f"The kernel has no support for it, or gives no right: `{' '.join(command)}` says: {said}"
    )


@lru_cache(maxsize=8)
def _answer(_path: str, command: tuple[str, ...]) -> str | None:
    """The error of `command`, None when it works; remembered for each PATH, for it may differ.

    What does not answer in time raises, and is not remembered.
    """
    line = ["unshare", "--net", *command]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=PROBE_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]


_PROCESS = (_linux, _handles)
_NAMESPACE = (
    _linux,
    _root,
    _tool("unshare", "util-linux"),
    _tool("nsenter", "util-linux"),
)
_PROBES: dict[str, tuple[Probe, ...]] = {
    "stop": _PROCESS,
    "kill": _PROCESS,
    "restart": _PROCESS,
    "cpu": _PROCESS,
    "memory": _PROCESS,
    "disk": (*_PROCESS, _reservation),
    "descriptors": (*_PROCESS, _limits),
    "file-size": (*_PROCESS, _limits),
    "partition": (*_NAMESPACE, _tool("nft", "nftables"), _nft_works),
    "netem": (*_NAMESPACE, _tool("tc", "iproute2"), _netem_works),
}
