"""The corpus: every item is what its name says, and nothing valid is called malformed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from codeblue.checks.corpus import CorpusItem, load_corpus
from codeblue.errors import UsageError

SOURCE = {
    "path": "/things",
    "content_type": "application/json",
    "lookup": "/things?id={marker}",
    "base": {"id": "{marker}", "of": "{patient}", "list": [{"n": 1}]},
    "valid": {"set": {"list.0.n": [2]}},
    "malformed": {
        "wrong types": {"set": {"list.0.n": ["x", None]}},
        "missing": {"drop": ["list.0"], "instead": [[]]},
        "oversized": {"long": {"of": 100}},
    },
}


def _load(folder: Path, source: object = SOURCE) -> dict[str, CorpusItem]:
    (folder / "thing.json").write_text(json.dumps(source))
    corpus = load_corpus(folder)
    return {item.name: item for item in (*corpus.valid, *corpus.malformed)}


def test_each_mutation_is_one_named_item(tmp_path: Path) -> None:
    items = _load(tmp_path)
    assert json.loads(items["list.0.n = null"].body)["list"] == [{"n": None}]
    assert json.loads(items["without list.0"].body)["list"] == []
    assert json.loads(items["[] instead"].body) == []
    assert json.loads(items["of of 100 characters"].body)["of"] == "x" * 100
    assert json.loads(items["list.0.n = 2"].body)["list"] == [{"n": 2}]
    assert items["list.0.n = 2"].defect == ""


def test_the_base_itself_is_not_changed(tmp_path: Path) -> None:
    assert json.loads(_load(tmp_path)["base"].body) == SOURCE["base"]


def test_what_any_body_can_suffer_is_applied_to_every_base(tmp_path: Path) -> None:
    items = _load(tmp_path)
    syntax = [item for item in items.values() if item.defect == "invalid JSON"]
    for item in syntax:
        with pytest.raises(ValueError, match=r".+"):
            json.loads(item.body, parse_constant=_refuse)
    with pytest.raises(UnicodeDecodeError):
        items["invalid UTF-8"].body.decode()
    assert items["text/plain"].content_type == "text/plain"


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def test_marker_and_patient_are_filled_in_every_encoding(tmp_path: Path) -> None:
    for item in _load(tmp_path).values():
        body = item.filled("M1", "P1")
        assert b"{\x00m\x00a\x00r\x00k" not in body
        assert b"{marker}" not in body
        assert b"{patient}" not in body


def test_a_place_that_the_base_does_not_have_is_an_error(tmp_path: Path) -> None:
    bad = SOURCE | {"malformed": {"x": {"set": {"nowhere.0.deep": [1]}}}}
    with pytest.raises(UsageError, match=r"thing\.json: no place \"nowhere\.0\.deep\""):
        _load(tmp_path, bad)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no corpus here"):
        load_corpus(tmp_path)


def test_confusable_names_are_counted_once_each(tmp_path: Path) -> None:
    corpus = load_corpus(_folder(tmp_path))
    names = Counter((item.resource, item.defect, item.name) for item in corpus.malformed)
    assert set(names.values()) == {1}


def _folder(folder: Path) -> Path:
    (folder / "thing.json").write_text(json.dumps(SOURCE))
    return folder
