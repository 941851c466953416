"""Runs Schemathesis; only the fuzzing process imports this module."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Timer
from typing import Any

import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import StopReason, events, from_schema
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.schemas import BaseSchema

from codeblue.errors import TargetError
from codeblue.fuzz import bindings
from codeblue.fuzz.findings import KINDS, Collection, Contract
from codeblue.fuzz.request_schemas import simplify
from codeblue.fuzz.result import FuzzResult

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_REQUEST_TIMEOUT_S = 10
_AT_FIRST = 3  # examples per operation


@dataclass(frozen=True)
class Assignment:
    """What to fuzz: ``openapi`` is the address of the document, ``patients`` are ids that exist.

    ``spared`` are operations, such as ``POST /v1/clock``, that are never called.
    """

    base_url: str
    openapi: str
    headers: Mapping[str, str]
    patients: Sequence[str]
    seconds: int
    examples: int
    seed: int
    spared: Sequence[str] = ()


def run(assignment: Assignment) -> FuzzResult:
    """Fuzz until every operation had its examples and every boundary, or until the time is over.

    A few random examples go first: they touch every operation within seconds, in an order of the
    seed's. The boundary values of the ``coverage`` phase go deep, one operation after the other,
    and when all of them were sent there are more examples.

    Raises:
        TargetError: the OpenAPI document cannot be loaded, or the run crashed.
    """
    document = _shuffled(simplify(_load(assignment.openapi), assignment.seed), assignment)
    collection = Collection(_contracts(document), _REQUEST_TIMEOUT_S)
    left = float(assignment.seconds)
    first = replace(assignment, examples=min(_AT_FIRST, assignment.examples))
    more = replace(assignment, seed=assignment.seed + 1)
    for phase, part in (("fuzzing", first), ("coverage", assignment), ("fuzzing", more)):
        if left > 0 and not collection.gone:
            left -= _run_phase(phase, part, document, collection, left)
    return collection.result()


def _run_phase(
    phase: str,
    assignment: Assignment,
    document: dict[str, Any],
    collection: Collection,
    left: float,
) -> float:
    """Run one phase for at most ``left`` seconds; returns how many it took, start-up left out."""
    config = SchemathesisConfig.from_dict(_configuration(phase, assignment, document))
    config.projects.default.update(
        base_url=assignment.base_url,
        headers=dict(assignment.headers),
        request_timeout=_REQUEST_TIMEOUT_S,
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    _watch_timeouts(schema, collection)
    stream = from_schema(schema).execute()
    # Schemathesis can keep time itself, but then it shares it out by how fast the machine is, and
    # the same seed no longer sends the same requests.
    alarm = Timer(max(0.0, left), stream.stop)
    alarm.daemon = True
    began = time.monotonic()
    for event in stream:
        if isinstance(event, events.ScenarioStarted) and not alarm.ident:
            began = time.monotonic()
            alarm.start()
        _take(event, collection)
    alarm.cancel()
    return time.monotonic() - began


def _load(url: str) -> dict[str, Any]:
    try:
        response = requests.get(url, timeout=_REQUEST_TIMEOUT_S)
        document = response.json() if response.ok else None
    except requests.RequestException as error:
        raise TargetError(f"{url}: no OpenAPI document there ({error}).") from error
    if not isinstance(document, dict) or not document.get("paths"):
        raise TargetError(
            f"{url}: answered {response.status_code}, without an OpenAPI document that has paths. "
            "Correct target.openapi in codeblue.toml."
        )
    return document


def _shuffled(document: dict[str, Any], assignment: Assignment) -> dict[str, Any]:
    """Without what is spared, and in any order, as time may be over before the last operation."""
    spared = frozenset(assignment.spared)
    paths = [
        (path, {key: part for key, part in item.items() if _label(key, path) not in spared})
        for path, item in document["paths"].items()
    ]
    random.Random(assignment.seed).shuffle(paths)  # noqa: S311 - reproducible, not secret
    return {**document, "paths": dict(paths)}


def _label(method: str, path: str) -> str:
    return f"{method.upper()} {path}"


def _configuration(
    phase: str, assignment: Assignment, document: Mapping[str, Any]
) -> dict[str, Any]:
    """A configuration under which a correct platform raises no alarm.

    Nothing is learned from answers, so that no request repeats what the platform said: findings
    then hold no patient data, and the same seed sends the same requests.
    """
    unlearned = {"extra-data-sources": {"responses": False}, "operation-ordering": "none"}
    return {
        "seed": assignment.seed,
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "max-redirects": 0,
        "generation": {
            "max-examples": assignment.examples,
            "no-shrink": True,
            "database": "none",
            "with-security-parameters": False,
        },
        "phases": {
            "examples": {"enabled": False},
            "fuzzing": {
                "enabled": phase == "fuzzing",
                "error-feedback": {"enabled": False},
                **unlearned,
            },
            "coverage": {"enabled": phase == "coverage", "unexpected-methods": [], **unlearned},
            "stateful": {"enabled": False},
        },
        "checks": {"enabled": False} | {name: {"enabled": True} for name in KINDS},
        "dictionaries": bindings.dictionaries(assignment.patients),
        "operations": bindings.operations(document),
    }


def _contracts(document: Mapping[str, Any]) -> dict[str, Contract]:
    """What is declared, by label. Where nothing declares security, everything counts as secured."""
    common = document.get("security")
    operations = {
        _label(method, path): item[method]
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }
    secured = {label: bool(op.get("security", common)) for label, op in operations.items()}
    any_secured = any(secured.values())
    return {
        label: Contract(
            statuses=frozenset(str(status) for status in op.get("responses", {})),
            secured=secured[label] or not any_secured,
        )
        for label, op in operations.items()
    }


def _watch_timeouts(schema: BaseSchema, collection: Collection) -> None:
    """Events tell of a timeout only when it came again before the time was over; this hook always.

    Schemathesis calls it while it handles the error.
    """

    def after_network_error(
        context: HookContext, case: Case[Any], request: requests.PreparedRequest
    ) -> None:
        del context
        if isinstance(sys.exception(), requests.Timeout):
            collection.add_timeout(case.operation.label, request)

    schema.hook(after_network_error)


def _take(event: events.EngineEvent, collection: Collection) -> None:
    match event:
        case events.ScenarioFinished():
            collection.add(event.recorder)
        case events.EngineFinished() if event.stop_reason is StopReason.SERVER_UNAVAILABLE:
            collection.add_outage()
        case events.FatalError():
            raise TargetError(f"fuzzing crashed: {event.exception!r}.") from event.exception
