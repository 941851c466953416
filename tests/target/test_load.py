from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.target import Target, Variables, load_target
from codeblue.workspace import builtin_root

MINIMAL = '[target]\nname = "x"\nbase_url = "http://127.0.0.1:8080"\n'


def load(folder: Path, text: str) -> Target:
    (folder / "codeblue.toml").write_text(text)
    return load_target(folder, Variables(profile="pilot", data="/nowhere"))


def test_the_target_of_this_repository_is_whole() -> None:
    target = load_target(builtin_root(), Variables(profile="pilot", data="some data"))
    assert target.start is not None
    assert target.start.command[-1] == "some data"
    edge = target.edge("hub-insurer")
    assert target.start.environment["PLATFORM_EDGE_HUB_INSURER"] == edge.listen
    assert target.start.environment["PLATFORM_INSURER_PORT"] == edge.upstream.split(":")[1]
    worker = target.process("worker")
    port = target.start.environment["PLATFORM_WORKER_PORT"]
    assert worker.answers == f"http://127.0.0.1:{port}/health/live"
    assert target.token("riverside", "clinician") != target.token("lakeside", "clinician")


def test_a_minimal_target_is_enough(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMAL).base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[target]\nname = x", r"not valid TOML. .*line 2"),
        ("[targte]\nname='x'", r'unknown section \[targte\]. Did you mean "target"'),
        ("", r"the section \[target\] is missing"),
        ('[target]\nname = "x"', r'\[target\]: the key "base_url" is missing'),
        (MINIMAL + 'bas_url = "y"', r'\[target\]: unknown key "bas_url". Did you mean "base_url"'),
        (
            MINIMAL + '[edges.postgres]\nupsteam = "127.0.0.1:1"\nlisten = "127.0.0.1:2"',
            r"\[edges.postgres\]",
        ),
        (
            MINIMAL + '[edges.a]\nupstream = "127.0.0.1"\nlisten = "127.0.0.1:2"',
            r'\[edges.a\] upstream: not an address: .* Write it like "127.0.0.1:5432"',
        ),
        (
            MINIMAL + '[edges.a]\nupstream = "10.0.0.9:1"\nlisten = "127.0.0.1:2"',
            r'edges.a.upstream names the host "10.0.0.9", which target.allow does not list',
        ),
        (MINIMAL.replace("127.0.0.1", "example.org"), r"target.allow does not list"),
        (MINIMAL + '[objectives.chart]\np99 = "fast"', r"\[objectives.chart\] p99: not a duration"),
        (
            MINIMAL + '[tenants.a.roles]\nclinician = "s3cret"',
            r"secrets are given by reference only",
        ),
        (
            MINIMAL + '[processes.db]\nmach = "postgres"',
            r'unknown key "mach". Did you mean "match"',
        ),
        (MINIMAL + "[processes.db]", r"\[processes\] db: it cannot be found. Add match = "),
        (MINIMAL + '[processes.db]\nmatch = "x"', r"\[processes.db\] match: "),
        (MINIMAL + '[processes.db]\npidfile = "p"\nrestart = []', r"\[processes.db\] restart: "),
        (
            MINIMAL + '[processes.db]\npidfile = "p"\nstop_signal = "SIGKILL"',
            r"\[processes.db\] stop_signal: ",
        ),
        (
            MINIMAL + '[processes.db]\npidfile = "p"\nanswers = "ftp://127.0.0.1/x"',
            r'\[processes.db\] answers: not an address: .* Write "host:port" or "http://',
        ),
        (
            MINIMAL + '[processes.db]\npidfile = "p"\nanswers = "http://example.org/x"',
            r'processes.db.answers names the host "example.org", which target.allow does not list',
        ),
        (MINIMAL + '[target.start]\ncommand = ["{prot.web}"]', r"unknown placeholder.*port"),
        (MINIMAL + '[target.start]\ncommand = ["{edge.db}"]', r"names no edge"),
    ],
)
def test_every_mistake_is_one_sentence_that_says_where(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        load(tmp_path, text)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not found"):
        load_target(tmp_path, Variables())


def test_an_unknown_edge_tenant_or_role_is_said(tmp_path: Path) -> None:
    target = load(tmp_path, MINIMAL + '[tenants.riverside.roles]\nclinician = "env:NOT_SET"')
    with pytest.raises(UsageError, match="no such edge"):
        target.edge("postgres")
    with pytest.raises(UsageError, match='Did you mean "riverside"'):
        target.tenant("riversid")
    with pytest.raises(UsageError, match="has no such process"):
        target.process("postgres")
    with pytest.raises(UsageError, match="no such role"):
        target.token("riverside", "nurse")
    with pytest.raises(UsageError, match="the variable NOT_SET is not set"):
        target.token("riverside", "clinician")
