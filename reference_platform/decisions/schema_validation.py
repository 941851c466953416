"""Switch 1, "Schema validation layers": what is let in.

Without it anything that is JSON is stored, and the mistake shows much later, to somebody else:
when a chart that cannot be computed answers 500.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ValidationError

from reference_platform.contract.primitives import ENTITY_TAG_PATTERN, ID_PATTERN
from reference_platform.outcomes import Refusal

_ID = re.compile(ID_PATTERN.removesuffix("$") + r"\Z")
_KEY = re.compile(r"[!-~]{1,128}")
_ENTITY_TAG = re.compile(ENTITY_TAG_PATTERN)
_ISSUES = 10

Pairs = Iterable[tuple[str, str]]


class SchemaValidation(Protocol):
    """What the gateway lets through to the services; Refusal 4xx for the rest."""

    body_limit: int | None

    def body(self, model: type[BaseModel], content_type: str | None, body: bytes) -> bytes:
        """The JSON body to pass on."""
        ...

    def query(self, model: type[BaseModel] | None, pairs: Pairs) -> str:
        """The query string to pass on."""
        ...

    def identifier(self, value: str) -> None:
        """A look at an id in a path."""
        ...

    def idempotency_key(self, value: str) -> None:
        """A look at an Idempotency-Key."""
        ...

    def entity_tag(self, value: str) -> None:
        """A look at an If-Match."""
        ...


class Pilot:
    """Any JSON object; services find out what is in it."""

    body_limit: int | None = None

    def body(self, model: type[BaseModel], content_type: str | None, body: bytes) -> bytes:  # noqa: ARG002
        """As it came, if it is a JSON object."""
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Refusal(400, "body: not JSON.") from None
        if not isinstance(parsed, dict):
            raise Refusal(422, "body: not a JSON object.")
        return body

    def query(self, model: type[BaseModel] | None, pairs: Pairs) -> str:  # noqa: ARG002
        """As it came."""
        return urlencode(list(pairs))

    def identifier(self, value: str) -> None:
        """Anything."""

    def idempotency_key(self, value: str) -> None:
        """Anything."""

    def entity_tag(self, value: str) -> None:
        """Anything."""


class Production:
    """Only what the published contract allows."""

    body_limit: int | None = 1024 * 1024

    def body(self, model: type[BaseModel], content_type: str | None, body: bytes) -> bytes:
        """The valid body, written anew: what is passed on is what was checked."""
        _require_json(content_type)
        try:
            valid = model.model_validate_json(body)
        except ValidationError as error:
            raise _refusal(error, status=422) from None
        return valid.model_dump_json(by_alias=True, exclude_unset=True).encode()

    def query(self, model: type[BaseModel] | None, pairs: Pairs) -> str:
        """The valid parameters that the route knows."""
        if model is None:
            return ""
        try:
            valid = model.model_validate(_gathered(model, pairs))
        except ValidationError as error:
            raise _refusal(error, status=400) from None
        return urlencode(valid.model_dump(by_alias=True, exclude_unset=True), doseq=True)

    def identifier(self, value: str) -> None:
        """What cannot be an id names nothing."""
        if not _ID.match(value):
            raise Refusal(404, "id: nothing has this id.")

    def idempotency_key(self, value: str) -> None:
        """Visible ASCII, 1 to 128 characters."""
        if not _KEY.fullmatch(value):
            raise Refusal(400, "Idempotency-Key: write 1 to 128 visible ASCII characters.")

    def entity_tag(self, value: str) -> None:
        """One entity tag (RFC 9110, 8.8.3); no list, and no asterisk, which matches blindly."""
        if not _ENTITY_TAG.fullmatch(value):
            raise Refusal(400, 'If-Match: write one entity tag, as W/"1".')


def _gathered(model: type[BaseModel], pairs: Pairs) -> dict[str, str | list[str]]:
    """The parameters by name; those that may be repeated as lists, of others the last one."""
    repeated: frozenset[str] = getattr(model, "repeated", frozenset())
    gathered: dict[str, str | list[str]] = {}
    for name, value in pairs:
        before = gathered.get(name, [])
        gathered[name] = [*before, value] if name in repeated else value
    return gathered


def _require_json(content_type: str | None) -> None:
    kind = (content_type or "application/json").partition(";")[0].strip().lower()
    if kind not in {"application/json", "application/fhir+json"}:
        raise Refusal(415, "Content-Type: write application/json or application/fhir+json.")


def _refusal(error: ValidationError, status: int) -> Refusal:
    """The first issues by place, without the offending values: they may identify a patient."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return Refusal(400, "body: not JSON.")
    sentences = [f"{_place(p['loc'])}: {p['msg']}." for p in problems[:_ISSUES]]
    return Refusal(status, *sentences)


def _place(location: tuple[int | str, ...]) -> str:
    steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in location)
    return steps.removeprefix(".") or "body"
