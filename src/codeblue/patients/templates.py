"""Compiles the templates of ``synthetic_data/templates/``: text with ``{name}`` for a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.content import read_text

Values = Mapping[str, Any]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

# HL7 v2.5.1 chapter 2.7: delimiters inside a value are escaped; so are line ends, which end a
# segment.
_HL7_ESCAPES = str.maketrans(
    {
        "\\": "\\E\\",
        "|": "\\F\\",
        "^": "\\S\\",
        "&": "\\T\\",
        "~": "\\R\\",
        "\r": "\\X0D\\",
        "\n": "\\X0A\\",
    }
)


def compile_json(path: Path, fields: Collection[str]) -> Callable[[Values], dict[str, Any]]:
    """A function from values to a new JSON object.

    A string that is nothing but ``{name}`` becomes the value itself: text, a number or a list.

    Raises:
        UsageError: the file is no JSON object, or names a value that is not in ``fields``.
    """
    text = read_text(path)
    _check_placeholders(path, text, fields)
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path}:{error.lineno}: not valid JSON: {error.msg}. Correct it."
        ) from error
    if not isinstance(tree, dict):
        raise UsageError(f"{path}:1: not a JSON object. Write one resource in braces.")

    def render(values: Values) -> dict[str, Any]:
        return {key: _fill(node, values) for key, node in tree.items()}

    return render


def compile_hl7(path: Path, fields: Collection[str]) -> Callable[[Values], str]:
    """A function from values to an HL7 v2 message: one line of the template is one segment.

    Raises:
        UsageError: the file does not begin with MSH, or names a value that is not in ``fields``.
    """
    text = read_text(path)
    _check_placeholders(path, text, fields)
    if not text.startswith("MSH|^~\\&|"):
        raise UsageError(f"{path}:1: does not begin with MSH|^~\\&|. Begin with the MSH segment.")
    segments = "".join(f"{line}\r" for line in text.splitlines() if line)

    def render(values: Values) -> str:
        return _PLACEHOLDER.sub(lambda found: _escape(values[found[1]]), segments)

    return render


def _check_placeholders(path: Path, text: str, fields: Collection[str]) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        for name in _PLACEHOLDER.findall(line):
            if name not in fields:
                advice = did_you_mean(name, fields)
                raise UsageError(f'{path}:{number}: "{{{name}}}" is not known here. {advice}')


def _fill(node: Any, values: Values) -> Any:
    if isinstance(node, dict):
        return {key: _fill(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [_fill(child, values) for child in node]
    if isinstance(node, str) and (found := _PLACEHOLDER.fullmatch(node)):
        return values[found[1]]
    return node


def _escape(value: object) -> str:
    return str(value).translate(_HL7_ESCAPES)
