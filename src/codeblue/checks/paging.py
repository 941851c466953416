"""Pages of a FHIR search: what they hold, and what they cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from codeblue.checks.fresh import FHIR
from codeblue.checks.patience import send_patiently


@dataclass(frozen=True)
class Page:
    """The ids of the resources on one page, and where the next one is, None after the last."""

    ids: tuple[str, ...]
    following: str | None


def observations(patient: str, count: int) -> str:
    """Where the Observations of ``patient`` are, on pages that are asked to hold ``count``."""
    return f"{FHIR}/Observation?patient={patient}&_count={count}"


def read_page(client: httpx.Client, place: str) -> Page:
    """The page at ``place``, which a search or the page before it names.

    Raises:
        httpx.HTTPStatusError: the platform refused.
    """
    request = client.build_request("GET", place)
    return _page(send_patiently(client, request).raise_for_status().json())


def largest_page(client: httpx.Client, patient: str, asked: int) -> int:
    """How many Observations a page holds for whoever asks for as many as ``asked``.

    A server may hold fewer than asked for, or refuse: then it is none.

    Raises:
        httpx.HTTPStatusError: the platform failed.
    """
    request = client.build_request("GET", observations(patient, asked))
    answer = send_patiently(client, request)
    return 0 if answer.is_client_error else len(_page(answer.raise_for_status().json()).ids)


def quickest(client: httpx.Client, place: str, times: int) -> float:
    """The least of ``times`` durations of a GET, in seconds: what others did meanwhile is left out.

    Raises:
        httpx.HTTPStatusError: the platform refused.
    """
    return min(_seconds(client, place) for _ in range(times))


def relative_cost(client: httpx.Client, place: str, beside: str, times: int) -> float:
    """How many times longer a GET of ``place`` takes than one of ``beside``, at the median.

    They take turns ``times`` times, so that a busy machine is as busy for both.

    Raises:
        httpx.HTTPStatusError: the platform refused.
    """
    pairs = [(_seconds(client, place), _seconds(client, beside)) for _ in range(times)]
    return median(one for one, _ in pairs) / median(other for _, other in pairs)


def _seconds(client: httpx.Client, place: str) -> float:
    began = time.monotonic()
    client.get(place).raise_for_status()
    return time.monotonic() - began


def _page(bundle: dict[str, Any]) -> Page:
    links = {link["relation"]: str(link["url"]) for link in bundle.get("link", ())}
    entries = bundle.get("entry", ())
    return Page(tuple(str(each["resource"]["id"]) for each in entries), links.get("next"))
