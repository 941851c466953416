"""What a platform does with a corpus: what it answers, and what it holds afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from codeblue.checks.corpus import CorpusItem
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.patience import send_patiently

# Not 404: the valid corpus shows that the path is right, so what is not found is in the content.
_NOT_ABOUT_CONTENT = frozenset({401, 403, 408, 429})


@dataclass(frozen=True)
class Intake:
    """The outcome of sending items; every list names items as ``resource / defect / name``."""

    sent: int
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Answered 5xx, or not at all."""
    undecided: list[str] = field(default_factory=list)
    """Refused for a reason that is not their content, such as 401 or 429."""
    stored: int = 0
    """Rows that a search finds afterwards."""
    unreadable: int = 0
    """Searches that no longer answer 200."""


def send_corpus(client: httpx.Client, items: Sequence[CorpusItem]) -> Intake:
    """Post ``items`` one after the other, then search for every one of them."""
    patients = {r: fresh_patient(client) for r in dict.fromkeys(item.resource for item in items)}
    outcomes: dict[str, list[str]] = {"accepted": [], "refused": [], "failed": [], "undecided": []}
    lookups: dict[str, None] = {}
    for item in items:
        marker = f"CB{uuid4().hex}"
        status = _post(client, item, item.filled(marker, patients[item.resource]))
        outcomes[_outcome(status)].append(f"{item.resource} / {item.defect} / {item.name}")
        lookup = item.lookup.replace("{marker}", marker)
        lookups[lookup.replace("{patient}", patients[item.resource])] = None
    stored, unreadable = _search(client, lookups)
    return Intake(len(items), **outcomes, stored=stored, unreadable=unreadable)


def by_defect(names: Iterable[str]) -> Mapping[str, int]:
    """Count the ``names`` of an intake by the class of their defect."""
    return Counter(name.split(" / ")[1] for name in names)


def _post(client: httpx.Client, item: CorpusItem, body: bytes) -> int:
    headers = {"Content-Type": item.content_type}
    request = client.build_request("POST", item.path, content=body, headers=headers)
    try:
        answer = send_patiently(client, request)
    except httpx.TransportError:
        return 0
    return answer.status_code


def _outcome(status: int) -> str:
    if httpx.codes.is_success(status):
        return "accepted"
    if status in _NOT_ABOUT_CONTENT:
        return "undecided"
    return "refused" if httpx.codes.is_client_error(status) else "failed"


def _search(client: httpx.Client, lookups: Iterable[str]) -> tuple[int, int]:
    stored = unreadable = 0
    for lookup in lookups:
        answer = send_patiently(client, client.build_request("GET", lookup))
        if answer.status_code == httpx.codes.OK:
            stored += _entries(answer.json())
        else:
            unreadable += 1
    return stored, unreadable


def _entries(listing: Mapping[str, object]) -> int:
    """The length of the list in ``listing``: ``entry`` of a Bundle, else its only list."""
    lists = [value for value in listing.values() if isinstance(value, list)]
    entries = listing.get("entry", max(lists, key=len, default=[]))
    return len(entries) if isinstance(entries, list) else 0
