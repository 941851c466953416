"""Jinja environments for pages (HTML, everything escaped) and for Markdown."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from codeblue.errors import UsageError
from codeblue.render import _formats as formats
from codeblue.workspace import find

_SPECIAL = re.compile(r"([\\`*_\[\]|#~])")
_INSIDE_WORD = re.compile(r"(?<=\w)\\_(?=\w)")
_STRICT = StrictUndefined
_LOADER = FunctionLoader(lambda name: find(f"reports/{name}").read_text("utf-8"))
_FILTERS = {
    "seconds": formats.seconds,
    "milliseconds": formats.milliseconds,
    "share": formats.share,
    "quantity": formats.quantity,
    "moment": formats.moment,
    "whole": "{:,}".format,
}


def fill_html(name: str, context: dict[str, Any]) -> str:
    """The HTML template ``name``; every value is escaped unless it is ``Markup``.

    Raises:
        UsageError: the template is broken, or names something that is not there.
    """
    return _fill(Environment(loader=_LOADER, autoescape=True, undefined=_STRICT), name, context)


def fill_markdown(name: str, context: dict[str, Any]) -> str:
    """The Markdown template ``name``; values go through ``escape_markdown`` unless ``Markup``.

    Raises:
        UsageError: the template is broken, or names something that is not there.
    """
    environment = Environment(  # noqa: S701 - finalize escapes, for Markdown instead of HTML
        loader=_LOADER, finalize=escape_markdown, undefined=_STRICT
    )
    environment.filters["code"] = code_span
    return _fill(environment, name, context)


def _fill(environment: Environment, name: str, context: dict[str, Any]) -> str:
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= _FILTERS
    try:
        return environment.get_template(name).render(context)
    except TemplateError as error:
        raise UsageError(f"reports/{name}: {error}. Compare with the built-in template.") from error


def escape_markdown(value: object) -> object:
    """Text that means itself inside a Markdown table cell or paragraph; other values unchanged."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    line = " ".join(value.split())
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, entity)
    return _INSIDE_WORD.sub("_", _SPECIAL.sub(r"\\\1", line))


def code_span(value: str) -> Markup:
    """``value`` as an inline code span that also survives inside a table."""
    line = " ".join(value.split()).replace("`", "'").replace("|", "\\|")
    return Markup(f"`{line}`")  # noqa: S704 - a code span shows everything in it as it is
