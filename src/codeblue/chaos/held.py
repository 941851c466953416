"""The faults that this process put in place, until they are healed.

An action injects and returns, and another one heals, so the context of a fault stays open between
the two. Every fault is held under a lease of its own: it ends with this process, whatever ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.faults import injected, make
from codeblue.session import Session


@dataclass(frozen=True)
class _Held:
    """A fault that is in place, and what it was made with."""

    stack: ExitStack
    arguments: Mapping[str, Any]


_faults: dict[tuple[str, str], _Held] = {}
_left_behind: list[UnhealedError] = []


def hold(session: Session, edge: str, fault: str, arguments: Mapping[str, Any]) -> None:
    """Break ``edge`` with ``fault`` until it is healed.

    Raises:
        UsageError: no such edge, fault or argument, or this fault is there already.
        CodeblueError: the fault proxy does not do it.
    """
    session.edge(edge)
    if (edge, fault) in _faults:
        raise UsageError(f"edge {edge}: {fault} is active already. Heal it before injecting again.")
    stack = ExitStack()
    stack.enter_context(
        injected(make(fault, edge, **arguments), session.proxy_url, session.journal)
    )
    _faults[edge, fault] = _Held(stack, dict(arguments))


def heal(edge: str | None = None, fault: str | None = None) -> list[str]:
    """Heal ``fault`` on ``edge``, each None for all; says what was healed.

    Raises:
        UnhealedError: a fault is still in place.
        CodeblueError: a fault was gone before its time.
    """
    errors: list[CodeblueError] = []
    names: list[str] = []
    for key in [key for key in _faults if edge in (None, key[0]) and fault in (None, key[1])]:
        names.append(" ".join(key))
        try:
            _faults.pop(key).stack.close()
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

    Raises:
        UnhealedError: a fault is still in place.
        CodeblueError: a fault was gone before its time, or cannot be put back.
    """
    before = {key: each.arguments for key, each in _faults.items()}
    heal()
    yield
    for (edge, fault), arguments in before.items():
        hold(session, edge, fault, arguments)


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
