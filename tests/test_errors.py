from __future__ import annotations

from codeblue.errors import did_you_mean


def test_the_nearest_choice_is_named() -> None:
    assert did_you_mean("prodction", ["production", "pilot"]) == 'Did you mean "production"?'


def test_all_choices_are_named_when_none_is_near() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "Known: a, b."
    assert did_you_mean("zzz", []) == "None are known."
