"""Where a master and its workers meet."""

from __future__ import annotations

from codeblue.errors import UsageError

Address = tuple[str, int]

PORT = 5557
"""Where Locust's own master listens unless told otherwise."""


def address(text: str) -> Address:
    """``HOST`` or ``HOST:PORT`` as a pair.

    Raises:
        UsageError: it is neither.
    """
    host, colon, number = text.partition(":")
    if not host or (colon and not (number.isdecimal() and 0 < int(number) < 2**16)):
        raise UsageError(f'address "{text}": not one. Write it like "10.0.0.5:{PORT}".')
    return host, int(number) if colon else PORT
