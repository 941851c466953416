"""A map of envelopes -> a heat map: the hotter a cell, the less of the fault is tolerated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codeblue.render import _svg as svg
from codeblue.render._envelopes import EnvelopeCell, EnvelopeMap

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

_WIDTH = 8.6  # inches
_ROW = 0.34
_COOLEST, _HOTTEST = 0.06, 0.45  # how opaque; the ink has to stay legible on it
_GAP = 0.04


def heat_map(found: EnvelopeMap, title: str, description: str) -> Markup:
    """Edges as rows, faults as columns; what is not answered stays empty within a dotted frame."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = len(found.edges)
    with mpl.rc_context(svg.STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(_WIDTH, 0.55 + _ROW * rows))
        height = figure.get_figheight()
        axes = figure.subplots()
        figure.subplots_adjust(left=0.2, right=0.995, top=1 - 0.48 / height, bottom=0.04 / height)
        _frame(axes, found)
        for row, edge in enumerate(found.edges):
            for column, fault in enumerate(found.faults):
                _draw(axes, found.cells[edge, fault], row, column)
        return svg.inline_svg(figure, "envelopes", title, description)


def _frame(axes: Axes, found: EnvelopeMap) -> None:
    axes.set_xlim(0, len(found.faults))
    axes.set_ylim(len(found.edges), 0)
    axes.xaxis.tick_top()
    heads = [f"{fault}\n{found.ranges[fault]}" for fault in found.faults]
    axes.set_xticks([n + 0.5 for n in range(len(heads))], heads)
    names = [edge[:28] for edge in found.edges]
    axes.set_yticks([n + 0.5 for n in range(len(names))], names, color=svg.INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw(axes: Axes, cell: EnvelopeCell, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    corner = (column + _GAP / 2, row + _GAP)
    box = Rectangle(corner, 1 - _GAP, 1 - 2 * _GAP, linewidth=0)
    if cell.heat is None:
        box.set(facecolor="none", edgecolor=svg.MUTED, linewidth=0.6, linestyle=(0, (1, 2)))
    elif cell.standing == "beyond":
        box.set(facecolor=svg.ACCENT, alpha=_COOLEST)
    else:
        box.set(facecolor=svg.FAIL, alpha=_COOLEST + cell.heat * (_HOTTEST - _COOLEST))
    axes.add_patch(box)
    colour = svg.MUTED if cell.heat is None else svg.INK
    text = cell.short[:26]
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=8)
