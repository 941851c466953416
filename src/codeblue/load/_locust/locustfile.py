"""The locustfile of every load: the planned journeys under the open model.

Locust imports it in a process of its own; ``codeblue.load.runner`` starts that process.
"""

from __future__ import annotations

import inspect
import os
import random
import socket
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from locust import events
from locust.env import Environment
from locust.user.users import User

from codeblue.errors import JournalError, UsageError
from codeblue.journal import RequestWriter
from codeblue.load._locust.account import Account
from codeblue.load._locust.generator import Generator
from codeblue.load._locust.open_model import Pool, open_model
from codeblue.load.channel import Channel
from codeblue.load.journey import Journey
from codeblue.load.ledger import LedgerWriter
from codeblue.load.runner import CHANNEL, ORDER, WORKER, Order
from codeblue.workspace import load_module


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


def _generator(order: Order, channel: Channel) -> tuple[Generator, list[type[User]]]:
    plan = order.plan
    writer = RequestWriter(Path(order.run) / "requests", plan.label, WORKER, list(plan.journeys))
    account = Account(writer, len(plan.journeys), lambda reason: generator.end(reason, drain=0))
    pools = [Pool() for _ in plan.journeys]
    generator = Generator(plan, account, pools, channel)
    classes = [
        open_model(_journey(Path(order.files[journey])), pool, account, plan.pool(journey))
        for journey, pool in zip(plan.journeys, pools, strict=True)
    ]
    return generator, classes


_order = Order.model_validate_json(Path(os.environ[ORDER]).read_bytes())
_channel = Channel(socket.socket(fileno=int(os.environ[CHANNEL])))
random.seed(_order.plan.seed)
Journey.ledger = LedgerWriter(Path(_order.run), _order.plan.label, WORKER)
_load, _classes = _generator(_order, _channel)
# Locust runs the user classes that it finds among the names of this module.
globals().update({user.__name__: user for user in _classes})


@events.init.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def _start_with_the_last_user(environment: Environment, **_: Any) -> None:
    def leave() -> None:
        if environment.runner is not None:
            environment.runner.quit()

    @environment.events.spawning_complete.add_listener  # type: ignore[untyped-decorator]  # ditto
    def begin(user_count: int) -> None:  # noqa: ARG001 - Locust passes it by name
        gevent.spawn(_load.run, leave)


@events.user_error.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def _end_without_a_ledger(exception: BaseException, **_: Any) -> None:
    if isinstance(exception, JournalError):
        _load.end(str(exception), drain=0)
