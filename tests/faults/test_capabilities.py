"""What is missing is said in words."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.faults import FAULTS
from codeblue.faults.capabilities import able, capabilities, require
from codeblue.faults.factory import place_kind


def test_every_fault_that_is_not_on_an_edge_has_an_answer() -> None:
    others = {type_ for type_ in FAULTS if place_kind(type_) != "edge"}
    assert set(capabilities()) == others
    assert all(able(type_) is None for type_ in FAULTS if type_ not in others)


def test_they_are_all_in_the_reference_with_their_arguments() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
    section = page.read_text(encoding="utf-8").partition("## On a process")[2]
    for type_ in capabilities():
        assert f"| `{type_}` |" in section
        assert not {f.name for f in fields(FAULTS[type_])[1:] if f"`{f.name}`" not in section}


def test_an_answer_is_nothing_or_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")
    answers = capabilities()
    assert answers["partition"]
    assert answers["netem"]
    assert all(why is None or len(why.split()) > 3 for why in answers.values())


@pytest.mark.parametrize("tool", ["unshare", "nsenter", "nft"])
def test_a_tool_that_is_missing_is_named(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in {"unshare", "nsenter", "nft"} - {tool}:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(able("partition")).startswith(f"`{tool}` is not on the PATH. Install the package")
    with pytest.raises(UsageError, match=f"fault partition: .* `{tool}` is not on the PATH"):
        require("partition")


def test_a_kernel_that_cannot_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("nsenter", "tc"):
        (tmp_path / name).write_text("#!/bin/sh\n")
    unknown = "#!/bin/sh\necho 'Error: Specified qdisc kind is unknown.' >&2\nexit 2\n"
    (tmp_path / "unshare").write_text(unknown)
    for name in ("nsenter", "tc", "unshare"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "says: Error: Specified qdisc kind is unknown." in str(able("netem"))


def test_without_root_namespaces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "need root" in str(able("partition"))
    assert "need root" in str(able("netem"))
    assert able("stop") is None


def test_without_handles_of_processes_nothing_is_signalled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unsupported(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", unsupported)
    for type_ in ("stop", "kill", "restart", "cpu", "memory", "disk", "descriptors"):
        assert "pidfd_open" in str(able(type_))
