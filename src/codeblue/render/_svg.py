"""Matplotlib figures -> inline SVG that follows the colours and fonts of the page."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A figure is drawn in these colours; on the page each one is a custom property of the style sheet,
# so that one drawing serves light, dark and print.
INK, MUTED, RULE = "#010203", "#020304", "#030405"
ACCENT, FAIL, DOUBT, WASH = "#040506", "#050607", "#060708", "#070809"
_PROPERTY = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    ACCENT: "accent",
    FAIL: "fail",
    DOUBT: "doubt",
    WASH: "shade",
}
STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "svg.hashsalt": "codeblue",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}


def inline_svg(figure: Figure, name: str, title: str, description: str) -> Markup:
    """``figure`` as an ``<svg>`` element; ``name`` makes its ids unique on the page.

    The same figure gives the same bytes: no date, no creator, fixed salt.
    """
    buffer = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    drawing = buffer.getvalue()
    box = re.search(r'viewBox="([^"]+)"', drawing)
    body = drawing[drawing.index(">", drawing.index("<svg")) + 1 :]
    head = (
        f'<svg viewBox="{box[1] if box else "0 0 1 1"}" role="img" class="chart" '
        f'aria-labelledby="{name}-title {name}-desc" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    return Markup(head + _adopt(body, name))  # noqa: S704 - every text in it was escaped


def _adopt(body: str, name: str) -> str:
    """Colours become properties of the page, ids unique to the figure, fonts those around it."""
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid=")', rf"\1{name}-", body)
    body = re.sub(r'(url\(#|href="#)', rf"\1{name}-", body)
    body = re.sub(r"font-family: [^;\"]+;?", "", body)
    body = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", body)
    for colour, property_name in _PROPERTY.items():
        body = body.replace(colour, f"var(--{property_name})")
    return body
