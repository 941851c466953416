"""Placeholders in ``codeblue.toml``: free ports, secrets, and what the command line chose."""

from __future__ import annotations

import random
import re
import secrets
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

from codeblue.errors import UsageError, did_you_mean

_PLACEHOLDER = re.compile(r"\{([a-z]+)(?:\.([A-Za-z0-9_-]+))?\}")

# Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that
# no connection of ours can sit on a port that a server was promised.
_PORTS = range(20_000, 32_000)
_KINDS = ("port", "secret", "edge", "profile", "python", "data")


@dataclass
class Variables:
    """Values of the placeholders of one session; a port or a secret is drawn once by its name."""

    profile: str = ""
    data: str = ""
    python: str = sys.executable
    ports: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def port(self, name: str) -> int:
        """The port called ``name``: free when it was drawn."""
        if name not in self.ports:
            self.ports[name] = free_port(taken=self.ports.values())
        return self.ports[name]

    def secret(self, name: str) -> str:
        """The secret called ``name``: 32 random URL-safe characters."""
        if name not in self.secrets:
            self.secrets[name] = secrets.token_urlsafe(24)
        return self.secrets[name]

    def resolve(self, tree: dict[str, Any]) -> dict[str, Any]:
        """``tree``, as read from the file, with every placeholder replaced.

        Raises:
            UsageError: an unknown placeholder.
        """
        resolved: dict[str, Any] = self._walk(tree, tree)
        return resolved

    def _walk(self, node: Any, tree: dict[str, Any]) -> Any:
        if isinstance(node, dict):
            return {key: self._walk(value, tree) for key, value in node.items()}
        if isinstance(node, list):
            return [self._walk(value, tree) for value in node]
        if isinstance(node, str):
            return _PLACEHOLDER.sub(lambda match: self._value(match, tree), node)
        return node

    def _value(self, match: re.Match[str], tree: dict[str, Any]) -> str:
        kind, name = match[1], match[2]
        if name is None and kind in ("profile", "python", "data"):
            return str(getattr(self, kind))
        if name and kind == "port":
            return str(self.port(name))
        if name and kind == "secret":
            return self.secret(name)
        if name and kind == "edge":
            return self._edge(name, tree)
        raise UsageError(
            f"codeblue.toml: unknown placeholder {match[0]}. {did_you_mean(kind, _KINDS)}"
        )

    def _edge(self, name: str, tree: dict[str, Any]) -> str:
        edges = tree.get("edges", {})
        if not isinstance(edges.get(name), dict) or "listen" not in edges[name]:
            raise UsageError(
                f"codeblue.toml: {{edge.{name}}} names no edge with a listen address. "
                f"{did_you_mean(name, edges)}"
            )
        return str(self._walk(edges[name]["listen"], tree))


# A port is drawn long before something listens on it. Until this process ends, the name of a socket
# in Linux's abstract namespace tells every other session on the machine that it is promised.
_promises: list[socket.socket] = []


def free_port(taken: Any = ()) -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now, and that is promised to this process.

    It is none of ``taken``, and no other process gets it from here while this one lives.
    """
    candidates = random.SystemRandom().sample(_PORTS, 200)
    for port in candidates:
        if port not in set(taken) and _is_free(port) and _promise(port):
            return port
    raise UsageError("no free TCP port between 20000 and 32000 on 127.0.0.1. End what holds them.")


def _promise(port: int) -> bool:
    """Take ``port`` for this process; False when another session was promised it."""
    promise = socket.socket(socket.AF_UNIX)
    try:
        promise.bind(f"\0codeblue-port-{port}")
    except OSError:
        promise.close()
        return False
    _promises.append(promise)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
