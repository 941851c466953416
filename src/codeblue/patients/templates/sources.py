"""The text of templates, parsed: what stands fast, and where the values go."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import orjson

from codeblue.patients.templates.layouts import Gap, Padding

PLACEHOLDER = re.compile(r"\{\s*([\w/-]+)\s*\}")
MESSAGE_BEGINS, MESSAGE_ENDS = b"\x0b", b"\x1c\r"
"""The frame of a message in the minimal lower layer protocol (MLLP)."""

Shape = bytes | int
"""What a layout must know of a field: the text that all rows share, or the width of a column."""
Shapes = Mapping[str, Shape]
Pieces = list[bytes | Gap]
Json = dict[str, "Json"] | list["Json"] | str | float | bool | None

# HL7 v2.5.1 section 2.7: delimiters inside a value are escaped; so are line ends, which end a
# segment.
_HL7_ESCAPES = {
    b"\\": b"\\E\\",
    b"|": b"\\F\\",
    b"^": b"\\S\\",
    b"&": b"\\T\\",
    b"~": b"\\R\\",
    b"\r": b"\\X0D\\",
    b"\n": b"\\X0A\\",
}
_HL7_DELIMITER = re.compile(rb"[\\|^&~\r\n]")


class Source(Protocol):
    """A parsed template. ``fields`` are the values it has a place for."""

    fields: tuple[str, ...]
    leaves_out: bool  # whether an empty value takes the text around it along

    def pieces(self, shapes: Shapes) -> Pieces:
        """The text of a record whose values have these shapes."""
        ...


class JsonSource:
    """One resource on one line. The fields among ``numbers`` are written without quotes."""

    leaves_out = True

    def __init__(self, tree: dict[str, Json], numbers: Collection[str]) -> None:
        self._tree = tree
        self._numbers = numbers
        self.fields = _names(orjson.dumps(tree).decode())

    def pieces(self, shapes: Shapes) -> Pieces:
        """The line."""
        return [*(self._node(self._tree, shapes) or [b"{}"]), b"\n"]

    def _node(self, node: Json, shapes: Shapes) -> Pieces:
        match node:
            case dict():
                named = ((orjson.dumps(name) + b":", child) for name, child in node.items())
                return self._container(b"{", named, b"}", shapes)
            case list():
                return self._container(b"[", ((b"", child) for child in node), b"]", shapes)
            case str() if PLACEHOLDER.search(node):
                return self._string(PLACEHOLDER.split(node), shapes)
            case _:
                return [orjson.dumps(node)]

    def _container(
        self, opening: bytes, children: Iterable[tuple[bytes, Json]], closing: bytes, shapes: Shapes
    ) -> Pieces:
        pieces: Pieces = []
        for name, child in children:
            if inner := self._node(child, shapes):
                pieces += [b"," if pieces else opening, name, *inner]
        return [*pieces, closing] if pieces else []

    def _string(self, parts: Sequence[str], shapes: Shapes) -> Pieces:
        """``parts`` are by turns text and the name of a field."""
        names = parts[1::2]
        if any(shapes[name] == b"" for name in names):
            return []
        if len(names) == 1 and not any(parts[::2]):
            return [self._whole(names[0], shapes[names[0]])]
        inner = (
            _inside(part, shapes[part]) if place % 2 else _escaped(part)
            for place, part in enumerate(parts)
        )
        return [b'"', *inner, b'"']

    def _whole(self, name: str, shape: Shape) -> bytes | Gap:
        """A string that is nothing but one value."""
        if name in self._numbers:
            return shape if isinstance(shape, bytes) else Gap(name, shape, Padding.SPACES)
        if isinstance(shape, bytes):
            return orjson.dumps(shape.decode())
        return Gap(name, shape, Padding.STRING)


class Hl7Source:
    """One message in its MLLP frame; every segment ends with a carriage return."""

    leaves_out = False

    def __init__(self, segments: Iterable[str]) -> None:
        text = "".join(f"{segment}\r" for segment in segments)
        self._parts = PLACEHOLDER.split(text)
        self.fields = _names(text)

    def pieces(self, shapes: Shapes) -> Pieces:
        """The message and its frame."""
        message = (
            self._value(part, shapes[part]) if place % 2 else part.encode()
            for place, part in enumerate(self._parts)
        )
        return [MESSAGE_BEGINS, *message, MESSAGE_ENDS]

    def _value(self, name: str, shape: Shape) -> bytes | Gap:
        if isinstance(shape, int):
            return Gap(name, shape, Padding.NULS)
        return _HL7_DELIMITER.sub(lambda found: _HL7_ESCAPES[found[0]], shape)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def _inside(name: str, shape: Shape) -> bytes | Gap:
    if isinstance(shape, int):
        return Gap(name, shape, Padding.NULS)
    return _escaped(shape.decode())


def _escaped(text: str) -> bytes:
    return orjson.dumps(text)[1:-1]
