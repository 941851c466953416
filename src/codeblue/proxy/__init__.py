"""Embedded fault proxy: a small server that speaks Toxiproxy's REST API, plus leases.

`registry` holds the proxies, `proxy` one listener with its toxics, `connection` one client and
its upstream, `link` one direction of it, `toxics/` what can be done to the bytes on a link,
`leases` the owners whose faults heal when they fall silent, `turns` and `descriptors` what keeps
the process reachable under a flood, and `api/` the HTTP side.
"""
