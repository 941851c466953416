"""Handlers that say what passed through a proxy, and which connections its toxics bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_writing import dumps
from codeblue.proxy.api.proxies import find
from codeblue.proxy.api.replies import Reply, json_reply
from codeblue.proxy.proxy import Proxy

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
RECEIVED = "toxiproxy_proxy_received_bytes_total"
SENT = "toxiproxy_proxy_sent_bytes_total"
_HELP = {
    RECEIVED: "Bytes read from the sender, before the toxics.",
    SENT: "Bytes handed to the receiver, after the toxics.",
}


async def counters(call: Call, proxy: str) -> Reply:
    """GET /proxies/{proxy}/counters: what passed so far, live connections included."""
    found = find(call, proxy)
    return json_reply(200, dumps(asdict(found.counters) | {"active": len(found.connections)}))


async def decisions(call: Call, proxy: str) -> Reply:
    """GET /proxies/{proxy}/decisions: which connections each toxic drew, the latest 10,000."""
    found = find(call, proxy)
    return json_reply(200, dumps([asdict(decision) for decision in found.decisions]))


async def metrics(call: Call) -> Reply:
    """GET /metrics: Toxiproxy's two counters as Prometheus text, live connections included."""
    proxies = [call.registry.proxies[name] for name in sorted(call.registry.proxies)]
    lines = [line for name in (RECEIVED, SENT) for line in _counter(name, proxies)]
    return Reply(200, ("\n".join(lines) + "\n").encode(), (("Content-Type", PROMETHEUS),))


def _counter(name: str, proxies: Iterable[Proxy]) -> Iterator[str]:
    yield f"# HELP {name} {_HELP[name]}"
    yield f"# TYPE {name} counter"
    for direction in ("downstream", "upstream"):
        for proxy in proxies:
            labels = {
                "direction": direction,
                "listener": proxy.listen,
                "proxy": proxy.name,
                "upstream": proxy.upstream,
            }
            pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
            yield f"{name}{{{pairs}}} {_count(name, direction, proxy)}"


def _count(name: str, direction: str, proxy: Proxy) -> int:
    counted = proxy.counters
    if name == RECEIVED:
        return counted.received_up if direction == "upstream" else counted.received_down
    return counted.bytes_up if direction == "upstream" else counted.bytes_down


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
