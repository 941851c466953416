from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeblue.errors import JournalError
from codeblue.load.ledger import (
    Acknowledged,
    LedgerWriter,
    Operation,
    Unconfirmed,
    by_object,
    by_place,
    parse,
    read_ledger,
    read_operations,
    read_unconfirmed,
)

ORDER = Acknowledged("order", "riverside", "7", "p1", "/v1/orders?patient=p1", {"code": "CBC-1"})
DOUBT = Unconfirmed("visit", "riverside", "8", "/v1/visits/8", {"status": "finished"})
BOOKED = Operation("slot", "riverside:9", "book", "p1", 1.0, 2.0, "ok")


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual", "0").write(ORDER)
    LedgerWriter(tmp_path, "usual", "1").write(ORDER)
    assert list(read_ledger(tmp_path, "usual")) == [ORDER, ORDER]


def test_every_kind_of_entry_has_its_own_file(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path, "usual", "0")
    for entry in (ORDER, DOUBT, BOOKED):
        writer.write(entry)
    assert list(read_ledger(tmp_path, "usual")) == [ORDER]
    assert list(read_unconfirmed(tmp_path, "usual")) == [DOUBT]
    assert list(read_operations(tmp_path, "usual")) == [BOOKED]


def test_entries_are_grouped_by_where_they_are_judged(tmp_path: Path) -> None:
    elsewhere = Acknowledged("order", "lakeside", "7", "p1", ORDER.where, {})
    entries: list[Acknowledged | Operation] = [ORDER, elsewhere, BOOKED, ORDER]
    for worker, entry in enumerate(entries):
        LedgerWriter(tmp_path, "usual", str(worker)).write(entry)
    places = by_place(tmp_path, "usual")
    assert {key: len(lines) for key, lines in places.items()} == {
        ("riverside", ORDER.where): 2,
        ("lakeside", ORDER.where): 1,
    }
    [(key, (line,))] = by_object(tmp_path, "usual").items()
    assert (key, parse(Operation, line)) == (("slot", "riverside:9"), BOOKED)


def test_a_load_does_not_read_the_ledger_of_another(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual-2", "0").write(ORDER)
    assert list(read_ledger(tmp_path, "usual")) == []


def test_a_load_without_a_ledger_acknowledged_nothing(tmp_path: Path) -> None:
    assert list(read_ledger(tmp_path, "usual")) == []
    assert by_place(tmp_path, "usual") == {}


def test_a_torn_line_is_dropped(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual", "0").write(ORDER)
    path = tmp_path / "ledger" / "usual-0.jsonl"
    path.write_bytes(path.read_bytes() + b'{"kind": "ord')
    assert list(read_ledger(tmp_path, "usual")) == [ORDER]


text = st.text(max_size=20)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(text, inner))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text, text, text, st.none() | st.dictionaries(text, values))
def test_any_entry_is_read_as_it_was_written(
    tmp_path: Path, tenant: str, identity: str, where: str, must: dict[str, Any] | None
) -> None:
    entry = Acknowledged("order", tenant, identity, "p1", where, must, 1.5, 1.25)
    LedgerWriter(tmp_path, "any", "0").write(entry)
    *_, last = read_ledger(tmp_path, "any")
    assert last == entry


KILLED = """
import os, signal, sys
from pathlib import Path
from codeblue.load.ledger import Acknowledged, LedgerWriter
writer = LedgerWriter(Path(sys.argv[1]), "usual", "0")
for number in range(1000):
    writer.write(Acknowledged("order", "riverside", str(number), "p1", "/v1/orders", {}))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_killed_load_forgets_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [entry.id for entry in read_ledger(tmp_path, "usual")] == list(map(str, range(1000)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "usual-0.jsonl").symlink_to("/dev/full")
    with pytest.raises(JournalError, match="No space left"):
        LedgerWriter(tmp_path, "usual", "0").write(ORDER)
