"""The locustfile of every load: the planned journeys under the open model.

Locust imports it in a process of its own, as the only one, as a master or as a worker;
``codeblue.load.runner`` starts that process.
"""

from __future__ import annotations

import inspect
import os
import socket
from pathlib import Path
from typing import Any, cast

import gevent  # type: ignore[import-untyped]  # gevent ships no types
import locust.runners
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from locust.user.users import User

from codeblue.errors import JournalError, UsageError
from codeblue.load._locust.lead import Lead
from codeblue.load._locust.open_model import OpenModel, open_model
from codeblue.load._locust.worker import Worker
from codeblue.load.channel import Channel
from codeblue.load.order import CHANNEL, ORDER, Order
from codeblue.workspace import load_module

_GONE = "the process that started the load is gone"

# A worker whose master is silent for so long (seconds) is on its own, and ends.
locust.runners.MASTER_HEARTBEAT_TIMEOUT = 10


def _journey(path: Path) -> type[User]:
    """The one Locust user class that the journey file ``path`` defines."""
    module = load_module(path)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, User)
        and not value.abstract
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise UsageError(f"{path}: defines {len(found)} Locust user classes. Define one.")
    return found[0]


def _planned(order: Order) -> list[type[OpenModel]]:
    plan = order.plan
    return [
        open_model(_journey(Path(order.files[name])), name, plan.pool(name), stream.tenant)
        for name, stream in plan.journeys.items()
    ]


_order = Order.model_validate_json(Path(os.environ[ORDER]).read_bytes())
_channel = Channel(socket.socket(fileno=int(os.environ[CHANNEL])))
_classes = _planned(_order)
# Locust runs the user classes that it finds among the names of this module.
globals().update({f"user {number}": user for number, user in enumerate(_classes)})


@events.init.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def _take_part(environment: Environment, **_: Any) -> None:
    # Locust types neither its events nor the runner that it has by now.
    hooks, runner = cast("Any", environment.events), cast("Any", environment.runner)
    if not isinstance(runner, MasterRunner):
        worker = Worker(_order, _classes, runner, _channel)
        hooks.user_error.add_listener(_ending(worker))
    if isinstance(runner, WorkerRunner):
        gevent.spawn(_end_with_the_parent, worker, runner)
    else:
        lead = Lead(_order, _channel, runner)
        hooks.spawning_complete.add_listener(_once(lead))


def _ending(worker: Worker) -> Any:
    def note(user_instance: User, exception: BaseException, **_: Any) -> None:
        if isinstance(exception, JournalError):
            worker.end(str(exception))
        elif isinstance(user_instance, OpenModel):
            user_instance.raised()

    return note


def _once(lead: Lead) -> Any:
    """Locust tells that its users are there each time that it has to spawn some anew."""
    begun: list[None] = []

    def begin(user_count: int) -> None:  # noqa: ARG001 - Locust passes it by name
        if not begun:
            begun.append(None)
            gevent.spawn(lead.run)

    return begin


def _end_with_the_parent(worker: Worker, runner: WorkerRunner) -> None:
    _channel.receive()
    worker.end(_GONE)
    runner.quit()
