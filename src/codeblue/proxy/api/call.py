"""A request as it came, and a call as a handler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from codeblue.proxy.registry import Registry

_NO = frozenset({"", "0", "false", "no"})


@dataclass(frozen=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    target: str
    user_agent: str
    body: bytes


@dataclass(frozen=True)
class Call:
    """What a handler gets: the proxies, the body, and how exactly Toxiproxy is to be followed."""

    registry: Registry
    body: bytes = b""
    query: str = ""
    strict: bool = False
    """True when the server was started with `--strict`: it does what Toxiproxy does, no more."""

    @property
    def checked(self) -> bool:
        """Whether values out of range are refused: `?strict=1`. Toxiproxy ignores queries."""
        asked = parse_qs(self.query).get("strict", [""])[-1]
        return not self.strict and asked.lower() not in _NO
