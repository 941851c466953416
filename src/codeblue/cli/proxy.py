"""``codeblue proxy``: the fault proxy alone; and ``--proxy``, which says whose proxy a run uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from codeblue.session.fault_proxy import CHOICES, VARIABLE

if TYPE_CHECKING:
    from codeblue.proxy.addresses import Address


def proxy_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that starts a platform the option ``--proxy``.

    It adds no argument: the choice is kept in the environment for as long as the command runs, so
    that the processes that it starts follow it, too.
    """

    @wraps(command)
    def through(*, proxy: str | None, **arguments: Any) -> None:
        with _chosen(proxy):
            command(**arguments)

    return click.option(
        "--proxy",
        type=click.Choice(CHOICES),
        help="Put faults through the embedded proxy, or a real toxiproxy-server on the PATH."
        f"  [default: embedded, or {VARIABLE}]",
    )(through)


@contextmanager
def _chosen(choice: str | None) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    if choice is not None:
        os.environ[VARIABLE] = choice
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where its API listens.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8474,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--seed", default=0, show_default=True, help="Decides which connections toxics hit.")
@click.option("--strict", is_flag=True, help="Do what Toxiproxy 2.12.0 does, and no more.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Create the proxies of this JSON file, a list as POST /populate takes it.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON object.")
def proxy(
    *, host: str, port: int, seed: int, strict: bool, config: Path | None, as_json: bool
) -> None:
    """Run the fault proxy alone: Toxiproxy's REST API, with leases, until Ctrl-C.

    Exits 0 when a signal ended it, and 2 when it cannot listen or FILE is wrong.
    """
    import uvloop

    from codeblue.proxy.api.populate import populate_from
    from codeblue.proxy.server import serve

    def listening(address: Address) -> None:
        if as_json:
            click.echo(orjson.dumps({"listening": str(address)}))
        else:
            click.echo(f"Fault proxy: its API listens on http://{address}. Ctrl-C ends it.")

    prepare = None if config is None else lambda registry: populate_from(registry, config)
    uvloop.run(serve(host, port, seed, listening, strict=strict, prepare=prepare))
