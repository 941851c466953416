"""The people of the checks: clean ones, so that a check finds nothing but what it looks for."""

from __future__ import annotations

from functools import cache

from codeblue.patients import Population, load_population


@cache
def people() -> Population:
    """The patients of the pilot's clinic."""
    return load_population("pilot-clinic")
