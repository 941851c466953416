"""JSON as Toxiproxy prints it: fixed key order, HTML-safe strings, float32 in its shortest form."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson

from codeblue.proxy.proxy import Proxy
from codeblue.proxy.toxic import Toxic

FLOAT32_DIGITS = 9
PLAIN_FROM, PLAIN_BELOW = 1e-6, 1e21
_ESCAPES = (
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)


def dumps(value: Any) -> bytes:
    """Compact JSON with Go's escapes."""
    text = orjson.dumps(value)
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text


def proxy_value(proxy: Proxy) -> dict[str, Any]:
    """A proxy; `Logger` is an empty leftover that v2.12.0 prints too."""
    return {
        "name": proxy.name,
        "listen": proxy.listen,
        "upstream": proxy.upstream,
        "enabled": proxy.enabled,
        "Logger": {},
        "toxics": toxics_value(proxy.toxics),
    }


def toxics_value(toxics: Iterable[Toxic]) -> list[dict[str, Any]]:
    """Toxics: those of the upstream first, each direction in chain order."""
    ordered = sorted(toxics, key=lambda toxic: toxic.direction != "upstream")
    return [toxic_value(toxic) for toxic in ordered]


def toxic_value(toxic: Toxic) -> dict[str, Any]:
    """A toxic; its lease is not shown, so that clients see Toxiproxy's object."""
    return {
        "attributes": toxic.attributes,
        "name": toxic.name,
        "type": toxic.kind.kind,
        "stream": toxic.stream,
        "toxicity": orjson.Fragment(float32(toxic.toxicity)),
    }


def float32(value: float) -> str:
    """The shortest decimal that reads back as the same float32, as Go prints it."""
    shortest = float(next(text for text in _roundings(value) if _same(float(text), value)))
    if shortest == 0 or PLAIN_FROM <= abs(shortest) < PLAIN_BELOW:
        return format(Decimal(repr(shortest)), "f").removesuffix(".0")
    mantissa, exponent = repr(shortest).split("e")
    return f"{mantissa}e{int(exponent):+d}"


def _roundings(value: float) -> Iterable[str]:
    return (f"{value:.{digits}g}" for digits in range(1, FLOAT32_DIGITS + 1))


def _same(text: float, value: float) -> bool:
    try:
        return struct.pack("<f", text) == struct.pack("<f", value)
    except OverflowError:  # rounded up, past the largest float32
        return False
