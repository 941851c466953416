"""Who asks: the tenant, the role and the person or client, as they travel between services."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache

HEADER = "X-Identity"
"""Carries an Identity from service to service, as ASCII JSON."""
_ALWAYS = ("tenant", "role")
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token stands for, and what it grants.

    `scopes` are SMART v2 scopes, separated by spaces; `patient` is the compartment to which a
    patient's token is bound; `purpose` is a code of the HL7 purpose-of-use value set, `BTG` while
    the glass is broken.
    """

    tenant: str
    role: str
    subject: str = ""
    scopes: str = ""
    patient: str | None = None
    purpose: str = "TREAT"

    def header(self) -> dict[str, str]:
        """The header that tells the next service who asks."""
        return {HEADER: _written(self)}


NOBODY = Identity("", "")
"""Who asks when nobody said so; no tenant has this name."""


@lru_cache(_REMEMBERED)
def _written(who: Identity) -> str:
    known = {key: value for key, value in asdict(who).items() if value or key in _ALWAYS}
    return json.dumps(known, separators=(",", ":"))


@lru_cache(_REMEMBERED)
def read(header: str | None) -> Identity:
    """The Identity of a `HEADER`; NOBODY when there is none. ValueError when it is malformed."""
    if header is None:
        return NOBODY
    try:
        fields = json.loads(header)
        if not all(isinstance(value, str) for value in fields.values()):
            raise ValueError(f"{HEADER}: not an identity")
        return Identity(**fields)
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{HEADER}: not an identity") from error
