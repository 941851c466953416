from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from reference_platform.profiles import SWITCHES

REPORTS = Path(__file__).parents[2] / "reports"


def table(name: str) -> dict[str, dict[str, object]]:
    return tomllib.loads((REPORTS / f"{name}.toml").read_text("utf-8"))


def test_the_five_risks_stand_in_their_order_with_all_their_words() -> None:
    risks = table("risks")
    assert list(risks) == ["data quality", "load", "integrations", "failures", "compliance"]
    for words in risks.values():
        assert set(words) == {
            "title",
            "pilot_condition",
            "production_challenge",
            "engineering_solution",
        }
        assert all(words.values())


def test_every_switch_says_what_goes_wrong_and_what_helps() -> None:
    switches = table("switches")
    assert tuple(switches) == SWITCHES
    for words in switches.values():
        assert set(words) == {"name", "without", "remedy"}
        assert str(words["without"]).endswith(".")
        assert str(words["remedy"]).endswith(".")


def _luminance(colour: str) -> float:
    digits = colour * 2 if len(colour) == 3 else colour
    shares = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _palettes() -> list[dict[str, str]]:
    style = (REPORTS / "style.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6})", block)) for block in blocks]


@pytest.mark.parametrize("palette", _palettes(), ids=["light", "dark", "print"])
@pytest.mark.parametrize("name", ["ink", "muted", "accent", "pass", "fail", "doubt", "mute"])
def test_every_text_colour_meets_wcag_aa(palette: dict[str, str], name: str) -> None:
    grounds = [palette[g] for g in ("paper", "wash", "shade", "doubt-wash") if g in palette]
    assert all(_contrast(palette[name], ground) >= 4.5 for ground in grounds)


def test_templates_and_style_name_nothing_outside() -> None:
    for path in [*REPORTS.rglob("*.j2"), REPORTS / "style.css"]:
        text = path.read_text("utf-8")
        assert "http://" not in text
        assert "https://" not in text
        assert "@import" not in text
        assert "<script" not in text
