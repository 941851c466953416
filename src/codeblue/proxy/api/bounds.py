"""What keeps clients from taking all memory: bounds far beyond what anybody needs."""

from __future__ import annotations

from codeblue.proxy.api.replies import ApiError

LONGEST = 1_000
"""Characters of a name or an address."""
MOST_PROXIES = 10_000
MOST_TOXICS = 1_000
"""On one proxy."""
MOST_LEASES = 1_000


def require_short(**texts: str) -> None:
    """400 when one of the texts is longer than anybody needs."""
    for what, text in texts.items():
        if len(text) > LONGEST:
            raise ApiError(400, f"{what}: at most {LONGEST} characters")


def require_room(count: int, most: int, what: str) -> None:
    """400 when there are so many already."""
    if count >= most:
        raise ApiError(400, f"there are {most} {what} already; remove some first")
