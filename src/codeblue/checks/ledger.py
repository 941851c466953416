"""The acknowledged-write ledger: what the platform said it has, against what it has.

The load writes down every acknowledgement (``codeblue.load.ledger``); here each is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from time import monotonic, sleep
from typing import TypeVar

from codeblue.checks.book import Book, read_book
from codeblue.checks.fate import COUNTS, Tally
from codeblue.checks.reading import CONNECTIONS, Reader
from codeblue.errors import UsageError
from codeblue.load.ledger import Key
from codeblue.session import Session

SETTLE = 2.0
"""Seconds that a platform has to show what it did not show at once, as with an expiring cache."""
_PAUSE = 0.5  # seconds between looks at what is not as it should be
_BATCH = 256  # places that are read before the next are thought of
_ROLE = "clinician"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class LedgerResult:
    """Counts of acknowledged writes: ``acknowledged = kept + lost + stale + unknown``.

    Of several writes of one thing the last one is looked for, and those before it are kept when
    that could be done. ``examples`` has a few sentences for each of the other counts.
    """

    acknowledged: int
    kept: int
    lost: int
    """Not there, nor anything older of the same thing."""
    stale: int
    """An older acknowledged value is there instead of the last one."""
    duplicated: int
    """Of those kept, the ones that are there more than once."""
    leaked: int
    """Shown to another tenant."""
    unknown: int
    """Could not be read, in several tries, or may stand on a page that was not given."""
    examples: dict[str, list[str]]

    @property
    def broke(self) -> bool:
        """Whether the platform did not keep its word."""
        return self.lost + self.stale + self.duplicated + self.leaked > 0


def reconcile(
    session: Session, load_label: str, *, settle: float = SETTLE, skew: float = 0.0
) -> LedgerResult:
    """Read back everything acknowledged during the load, and journal a ``ledger`` event.

    The platform has to be healthy again: what cannot be read counts as unknown, not as kept. What
    is not as it should be counts if it still is so after ``settle`` seconds; what another tenant
    was shown counts at once. ``skew`` is how wrong the clock of a worker may be, in seconds.
    """
    book = read_book(session.run.path, load_label, skew)
    with closing(Reader(session.base_url, _credentials(session, book))) as reader:
        tally = _read_back(book, reader, settle)
    result = result_of(tally)
    session.journal.event("ledger", load=load_label, **asdict(result))
    return result


def result_of(tally: Tally) -> LedgerResult:
    """The counts of ``tally``, by name."""
    counts = {str(name): tally[name] for name in COUNTS}
    examples = {str(name): sentences for name, sentences in tally.examples.items()}
    return LedgerResult(**counts, examples=examples)


def _credentials(session: Session, book: Book) -> dict[str, dict[str, str]]:
    """Headers of every tenant; only those who wrote something must have them."""
    writers = {tenant for tenant, _ in book.places}
    headers = {tenant: session.headers(tenant, _role(session, tenant)) for tenant in writers}
    for tenant in session.target.tenants.keys() - writers:
        with suppress(UsageError):
            headers[tenant] = session.headers(tenant, _role(session, tenant))
    return headers


def _role(session: Session, tenant: str) -> str:
    """The one that reads: a clinician, or the first role where nobody is called so."""
    roles = session.target.tenant(tenant).roles
    return _ROLE if _ROLE in roles else next(iter(roles), _ROLE)


def _read_back(book: Book, reader: Reader, settle: float) -> Tally:
    total, doubtful = Tally(), dict[Key, Tally]()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for place, (found, leaks) in _each(pool, partial(_look, book, reader), book.places):
            total.add(leaks)
            if found.broke:
                doubtful[place] = found
            else:
                total.add(found)
        _let_settle(pool, partial(_fate, book, reader), doubtful, settle)
    for found in doubtful.values():
        total.add(found)
    return total


def _let_settle(
    pool: ThreadPoolExecutor,
    fate: Callable[[Key], Tally],
    doubtful: dict[Key, Tally],
    settle: float,
) -> None:
    """Look again at what is not as it should be, until it is or the time is up."""
    until = monotonic() + settle
    while monotonic() < until:
        broken = [place for place, found in doubtful.items() if found.broke]
        if not broken:
            break
        sleep(_PAUSE)
        doubtful.update(_each(pool, fate, broken))


def _look(book: Book, reader: Reader, place: Key) -> tuple[Tally, Tally]:
    """What became of the writes at ``place``, and which of them other tenants are shown."""
    fate = _fate(book, reader, place)
    strangers = [] if fate["unknown"] else book.strangers(place, reader.tenants)
    shown = (reader.read(stranger, place[1]) for stranger in strangers)
    return fate, book.leaks(place, [body for body in shown if body])


def _fate(book: Book, reader: Reader, place: Key) -> Tally:
    return book.judge(place, reader.read(*place))


def _each(
    pool: ThreadPoolExecutor, work: Callable[[Key], _Answer], places: Iterable[Key]
) -> Iterator[tuple[Key, _Answer]]:
    """The answers of ``work`` for all ``places``, a few at a time, as there may be a million."""
    coming = iter(places)
    while batch := list(islice(coming, _BATCH)):
        yield from zip(batch, pool.map(work, batch), strict=True)
