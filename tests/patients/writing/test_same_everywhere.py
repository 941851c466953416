"""The same bytes on every machine, day, version of Python and of numpy: recorded, and compared.

A change of tables, pools, templates or institutions changes them on purpose; record them anew then
with `pytest --snapshot-update`.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from codeblue.patients.writing import generate, plan

SIZE = 2000


@pytest.mark.parametrize("format_", ["ndjson", "hl7", "sql"])
def test_the_bytes_are_those_that_were_recorded(
    format_: str, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    for _ in generate(plan("regional-network", tmp_path / "out", format=format_, size=SIZE)):
        pass
    files = sorted(path for path in tmp_path.rglob(f"*.{format_}") if path.is_file())
    hashes = {str(path.relative_to(tmp_path)): sha256(path.read_bytes()) for path in files}
    assert {name: found.hexdigest() for name, found in hashes.items()} == snapshot
