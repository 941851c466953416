"""JSON as Go's encoding/json reads it: the first value only, keys in any case, strict integers."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable
from typing import Any, TypeVar

INT64 = range(-(2**63), 2**63)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = " \t\r\n"
_LITERALS = {"n": "null", "t": "true", "f": "false"}
_EXPECTED = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name": "looking for beginning of object key string",
    "Illegal trailing comma": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Expecting ','": "after array element or object key:value pair",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX": "in \\u hexadecimal character escape",
    "Invalid control": "in string literal",
}


class BadJsonError(ValueError):
    """A body that Go would refuse; the text is Go's wording where clients can see it."""


class Number(str):
    """A JSON number as it was written, so that 5 and 5.0 stay apart."""

    __slots__ = ()


def first_value(body: bytes) -> Any:
    """The first JSON value of a body; numbers are `Number`, objects have lower-case keys."""
    text = body.decode("utf-8", "replace")
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise BadJsonError("EOF")
    try:
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        raise BadJsonError(_in_go_words(text, error)) from error
    except RecursionError as error:
        raise BadJsonError("exceeded max depth") from error


def read_object(value: Any, what: str) -> dict[str, Any]:
    """A JSON object, empty for null."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadJsonError(f"json: cannot unmarshal {kind_of(value)} into Go value of type {what}")
    return value


def read_string(value: Any, field: str) -> str:
    """A JSON string."""
    if isinstance(value, str) and not isinstance(value, Number):
        return value
    raise _mismatch(value, field, "string")


def read_bool(value: Any, field: str) -> bool:
    """A JSON true or false."""
    if isinstance(value, bool):
        return value
    raise _mismatch(value, field, "bool")


def read_int64(value: Any, field: str) -> int:
    """A JSON number written as an integer, within int64."""
    if isinstance(value, Number) and value.lstrip("-").isdigit() and len(value) <= len("-") + 19:
        number = int(value)
        if number in INT64:
            return number
    raise _mismatch(value, field, "int64")


def read_float32(value: Any, field: str) -> float:
    """A JSON number, rounded to float32."""
    if isinstance(value, Number) and math.isfinite(number := float(value)):
        try:
            return float(struct.unpack("<f", struct.pack("<f", number))[0])
        except OverflowError:
            pass
    raise _mismatch(value, field, "float32")


T = TypeVar("T")


def field(
    source: dict[str, Any], key: str, read: Callable[[Any, str], T], path: str, default: T
) -> T:
    """One field of an object; absent or null leaves the default."""
    value = source.get(key)
    return default if value is None else read(value, path)


def kind_of(value: Any) -> str:
    """What Go calls the kind of a JSON value."""
    match value:
        case Number():
            return "number"
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _mismatch(value: Any, field: str, go_type: str) -> BadJsonError:
    kind = kind_of(value)
    shown = f"number {value}" if kind == "number" and go_type != "string" else kind
    return BadJsonError(
        f"json: cannot unmarshal {shown} into Go struct field {field} of type {go_type}"
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.lower(): _clean(value) for key, value in pairs}


def _clean(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Number):
        return _SURROGATE.sub("\ufffd", value)
    return value


def _refuse(constant: str) -> Any:
    raise json.JSONDecodeError("Expecting value", constant, 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_refuse
)


def _in_go_words(text: str, error: json.JSONDecodeError) -> str:
    at = error.pos
    if error.msg.startswith("Unterminated") or at >= len(text):
        return "unexpected EOF"
    if error.msg.startswith("Expecting value") and text[at] in _LITERALS:
        return _broken_literal(text, at)
    where = next((go for python, go in _EXPECTED.items() if error.msg.startswith(python)), "")
    return f"invalid character {_quoted(text[at])} {where}".rstrip()


def _broken_literal(text: str, at: int) -> str:
    literal = _LITERALS[text[at]]
    for offset, expected in enumerate(literal):
        if at + offset >= len(text):
            break
        if text[at + offset] != expected:
            found = _quoted(text[at + offset])
            return f"invalid character {found} in literal {literal} (expecting '{expected}')"
    return "unexpected EOF"


def _quoted(character: str) -> str:
    return {"'": r"'\''", '"': "'\"'"}.get(character, f"'{character}'")
