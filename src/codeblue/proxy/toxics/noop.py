"""Noop: a toxic that does nothing, for trying a client."""

from __future__ import annotations

from codeblue.proxy.toxics.stage import Stage


class Noop(Stage):
    """Passes everything at once."""

    kind = "noop"
