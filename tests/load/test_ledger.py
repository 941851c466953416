from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import JournalError
from codeblue.load.ledger import Acknowledged, LedgerWriter, read_ledger

ORDER = Acknowledged("order", "riverside", "7", "p1", "/v1/orders?patient=p1", {"code": "CBC-1"})


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual", "0").write(ORDER)
    LedgerWriter(tmp_path, "usual", "1").write(ORDER)
    assert list(read_ledger(tmp_path, "usual")) == [ORDER, ORDER]


def test_a_load_does_not_read_the_ledger_of_another(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual-2", "0").write(ORDER)
    assert list(read_ledger(tmp_path, "usual")) == []


def test_a_torn_line_is_dropped(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "usual", "0").write(ORDER)
    path = tmp_path / "ledger" / "usual-0.jsonl"
    path.write_bytes(path.read_bytes() + b'{"kind": "ord')
    assert list(read_ledger(tmp_path, "usual")) == [ORDER]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "usual-0.jsonl").symlink_to("/dev/full")
    with pytest.raises(JournalError, match="No space left"):
        LedgerWriter(tmp_path, "usual", "0").write(ORDER)
