"""SMART App Launch scopes, version 2; words of version 1 mean what they map to.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?P<resource>\*|[A-Z][A-Za-z]{1,63})"
    r"\.(?P<letters>\*|read|write|(?=[cruds])c?r?u?d?s?)"
    r"(?:\?(?P<parameter>[a-z][a-z\-]{0,63})=(?P<value>[!-~]{1,200}))?"
)
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: whose data, which resource type ("*" for all), and some letters of `cruds`.

    `parameter` and `value` narrow it to resources that such a search would find.
    """

    context: str
    resource: str
    letters: str
    parameter: str = ""
    value: str = ""

    def grants(self, resource: str, interaction: str) -> bool:
        """Whether one of `cruds` is granted on `resource`."""
        return self.resource in ("*", resource) and interaction in self.letters

    def __str__(self) -> str:
        """As it is written in a token, in version 2."""
        narrowed = f"?{self.parameter}={self.value}" if self.parameter else ""
        return f"{self.context}/{self.resource}.{self.letters}{narrowed}"


@lru_cache(1024)
def parse(text: str) -> tuple[Scope, ...]:
    """The scopes of a space-separated list; what is no scope of a resource is passed over."""
    matches = (_SCOPE.fullmatch(word) for word in text.split())
    return tuple(_scope(match) for match in matches if match)


def _scope(match: re.Match[str]) -> Scope:
    letters = match["letters"]
    return Scope(
        match["context"],
        match["resource"],
        _VERSION_1.get(letters, letters),
        match["parameter"] or "",
        match["value"] or "",
    )
