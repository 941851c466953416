"""Lines of JSON: what the loader must know of them, and the text that is stored.

No line is made into objects as a whole. Its few members of interest are decoded, the others are
only checked to be JSON, and the text stays as it came, numbers included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from reference_platform.rows import DATES, SUBJECTS

PERSONAL = ("name", "gender", "identifier")
_META, _META_BEGINS = b'"meta"', b'"meta":{"'
_DATES = {name for names in DATES.values() for name in names}
_NAMES = sorted({"resourceType", "id", *SUBJECTS.values(), *_DATES, *PERSONAL})
_Members = msgspec.defstruct(
    "_Members",
    [*((name, Any, None) for name in _NAMES), ("meta", Raw | UnsetType, UNSET)],
    gc=False,
)
_decode = msgspec.json.Decoder(_Members).decode
_decode_all = msgspec.json.Decoder(dict[str, Raw]).decode


def read(lines: Iterable[bytes]) -> list[Any]:
    """Their members as attributes that are called as in FHIR, None where there is no such member.

    Of equal names the last one counts. Raises ValueError for what is no JSON object.
    """
    try:
        return [_decode(line) for line in lines]
    except msgspec.ValidationError:
        raise ValueError("resourceType: not one that the platform keeps") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("not JSON") from None


class Stamp:
    """Gives lines the server's `meta`: its members, and those of the line that it does not set."""

    def __init__(self, version: str, updated: str) -> None:
        self._own = {"versionId": version, "lastUpdated": updated}
        members = msgspec.json.encode(self._own)[1:-1]
        self._alone = b'{"meta":{%b},' % members
        self._before = b'"meta":{%b,"' % members

    def on(self, lines: Sequence[bytes], metas: Sequence[Raw | UnsetType]) -> list[bytes]:
        """Every line, an object with the member `meta` or more, with one `meta`.

        Lines that have one are cut there if there is no doubt which it is, which costs least.
        """
        if not _free(metas):
            return list(map(self._anyhow, lines, metas))
        stamped, before, size = [], self._before, len(_META_BEGINS)
        for line, meta in zip(lines, metas, strict=True):
            place = line.find(_META)
            if (
                line.startswith(_META_BEGINS, place)
                and line.rfind(_META) == place  # none in a contained resource
                and line.find(b"\\") < 0  # no name is written in another way
            ):
                stamped.append(line[:place] + before + line[place + size :])
            else:
                stamped.append(self._anyhow(line, meta))
        return stamped

    def _anyhow(self, line: bytes, meta: Raw | UnsetType) -> bytes:
        """The same for a line of any spelling."""
        if isinstance(meta, UnsetType):
            return self._alone + line.lstrip()[1:]
        try:
            known: dict[str, Any] = _decode_all(meta)
        except msgspec.ValidationError:
            known = {}
        whole = Raw(msgspec.json.encode(known | self._own))
        return msgspec.json.encode(_decode_all(line) | {"meta": whole})


def _free(metas: Sequence[Raw | UnsetType]) -> bool:
    """Whether all have a `meta`, and none says what the server has to say."""
    if UNSET in metas:
        return False
    text = b"".join(metas)  # type: ignore[arg-type] # a Raw is a buffer
    return text.find(b'"versionId"') < 0 and text.find(b'"lastUpdated"') < 0
