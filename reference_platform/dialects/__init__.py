"""How partners write: one TOML file per partner, and what reads their messages by it.

`*.toml` beside this file are the dialects of ADT feeds; `default.toml` is complete, every other
file says only where its partner differs. `asked/*.toml` are the partners that the hub asks.
"""

from __future__ import annotations

from reference_platform.dialects.catalogue import Catalogue
from reference_platform.dialects.dialect import Dialect, DialectError
from reference_platform.dialects.event import CanonicalEvent
from reference_platform.dialects.problem import Code, Problem

__all__ = ["CanonicalEvent", "Catalogue", "Code", "Dialect", "DialectError", "Problem"]
