"""The faults that this process put in place, until they are healed.

An action injects and returns, and another one heals, so the context of a fault stays open between
the two. Every fault ends with this process, whatever ends it: a guardian heals it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from codeblue.chaos.interruption import postponed
from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.faults import FAULTS, cease, ground_of, injected, make, place_kind
from codeblue.session import Session


@dataclass(frozen=True)
class _Held:
    """A fault that is in place, and what it was made with."""

    stack: ExitStack
    arguments: Mapping[str, Any]


_faults: dict[tuple[str, str], _Held] = {}
_left_behind: list[UnhealedError] = []
_holding = threading.RLock()
_closed: list[str] = []


def hold(session: Session, place: str, fault: str, arguments: Mapping[str, Any]) -> None:
    """Break ``place`` (an edge, a process, a folder, a namespace) with ``fault`` until healed.

    Raises:
        UsageError: no such place, fault or argument, or this fault is there already.
        CodeblueError: it could not be done, or nothing may be broken any more; see ``close``.
    """
    made = make(fault, place, **arguments)
    kind = place_kind(fault)
    if kind == "edge":
        session.edge(place)
    with postponed(), _holding:
        if _closed:
            raise CodeblueError(_closed[0])
        if (place, fault) in _faults:
            raise UsageError(
                f"{kind} {place}: {fault} is active already. Heal it before injecting again."
            )
        stack = ExitStack()
        stack.enter_context(injected(made, ground_of(session), session.journal))
        _faults[place, fault] = _Held(stack, dict(arguments))


def close(reason: str) -> None:
    """From now on, until ``open``, nothing is broken: whoever asks is told ``reason``.

    An injection that is under way in another thread is finished first, so that who heals
    everything after this leaves nothing behind; one that kills again and again stops doing so.
    """
    cease()
    with _holding:
        _closed.append(reason)


def open() -> None:  # noqa: A001 - the opposite of close
    """From now on faults may be injected."""
    with _holding:
        _closed.clear()


def heal(place: str | None = None, fault: str | None = None) -> list[str]:
    """Heal ``fault`` at ``place``, each None for all; says what was healed.

    Raises:
        UnhealedError: a fault is still in place.
        CodeblueError: a fault was gone before its time.
    """
    errors: list[CodeblueError] = []
    names: list[str] = []
    for key in [key for key in _faults if place in (None, key[0]) and fault in (None, key[1])]:
        with postponed():
            if (held := _faults.pop(key, None)) is None:
                continue  # another thread heals it
            names.append(" ".join(key))
            try:
                held.stack.close()
            except UnhealedError as error:
                _left_behind.append(error)
                errors.insert(0, error)
            except CodeblueError as error:
                errors.append(error)
    if errors:
        raise errors[0]
    return names


@contextmanager
def suspended(session: Session) -> Iterator[None]:
    """The block runs without the faults that are in place; after it they are there again.

    What was over when it was done, such as a kill, is not done a second time.

    Raises:
        UnhealedError: a fault is still in place.
        CodeblueError: a fault was gone before its time, or cannot be put back.
    """
    before = {key: each.arguments for key, each in _faults.items()}
    heal()
    yield
    for (place, fault), arguments in before.items():
        if getattr(FAULTS[fault], "momentary", False):
            continue
        hold(session, place, fault, arguments)


def heal_all() -> None:
    """Heal everything that is left, at the end of an experiment.

    Raises:
        UnhealedError: a fault is still in place, here or at an earlier attempt to heal it.
        CodeblueError: a fault was gone before its time.
    """
    errors: list[CodeblueError] = list(_left_behind)
    try:
        heal()
    except CodeblueError as error:
        errors.append(error)
    _left_behind.clear()
    if errors:
        raise errors[0]
