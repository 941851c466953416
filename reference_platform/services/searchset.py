"""FHIR Bundles of what was found, with links to this page and the next one."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import orjson

from reference_platform.decisions.bounded_queries import Page
from reference_platform.services.call import Call

PREFIX = "/v1/fhir"


def match(kind: str, resource_id: str, content: str) -> str:
    """One entry of a searchset; `content` is JSON already and is not parsed again."""
    return f'{{"fullUrl":"{PREFIX}/{kind}/{resource_id}","resource":{content}}}'


def bundle(kind: str, call: Call, page: Page, entries: Sequence[str]) -> str:
    """A Bundle of type `kind`; `total` only when this page is all there is.

    To count what is on the other pages would be to read them.
    """
    whole = page.following is None and "_cursor" not in call.query
    total = f'"total":{len(entries)},' if whole else ""
    links = orjson.dumps(_links(call, page.following)).decode()
    found = f',"entry":[{",".join(entries)}]' if entries or whole else ""
    return f'{{"resourceType":"Bundle","type":"{kind}",{total}"link":{links}{found}}}'


def _links(call: Call, following: str | None) -> list[dict[str, str]]:
    path = call.route.partition(" ")[2]
    pairs = call.query.multi_items()
    links = [{"relation": "self", "url": _url(path, pairs)}]
    if following is not None:
        rest = [pair for pair in pairs if pair[0] != "_cursor"]
        links.append({"relation": "next", "url": _url(path, [*rest, ("_cursor", following)])})
    return links


def _url(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
