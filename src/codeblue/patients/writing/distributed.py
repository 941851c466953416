"""The workers of a Dask cluster as an executor: populations that outgrow one machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from codeblue.errors import CodeblueError, UsageError

LOCAL = "local"
"""Instead of the address of a scheduler: a cluster on this machine, for as long as it is needed."""
_PATIENCE = "10s"


@contextmanager
def dask_workers(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor on the workers of the scheduler at ``address``, and how many there are.

    Raises:
        UsageError: Dask is not installed.
        CodeblueError: nobody answers at ``address``.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            f"--dask {address}: Dask is not installed. Run: pip install 'codeblue[distributed]'"
        ) from error
    connect: Any = Client  # whose own annotations leave out how it is called
    try:
        if address == LOCAL:
            client = connect(dashboard_address=None, timeout=_PATIENCE)
        else:
            client = connect(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise CodeblueError(
            f"--dask {address}: no scheduler answers ({error}). "
            "Start one with: dask scheduler, and workers with: dask worker ADDRESS"
        ) from error
    with client, client.get_executor() as executor:
        yield executor, max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
