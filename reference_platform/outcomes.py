"""Refusals: what a service answers when it does not do what was asked, as FHIR OperationOutcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/json"

# FHIR R4 issue-type codes (http://hl7.org/fhir/R4/valueset-issue-type.html) by HTTP status.
_ISSUE_TYPES = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    428: "required",
    429: "throttled",
    500: "exception",
    502: "transient",
    503: "transient",
    504: "timeout",
}


class Refusal(Exception):
    """An answer other than success: HTTP status, one sentence per issue, and headers.

    `code` is the FHIR issue type, where the status alone does not say which.
    """

    def __init__(
        self,
        status: int,
        *diagnostics: str,
        headers: Mapping[str, str] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(status, *diagnostics)
        self.status = status
        self.diagnostics = diagnostics
        self.headers = headers
        self.code = code

    def response(self) -> Response:
        """The HTTP answer."""
        return Response(
            operation_outcome(self.status, self.diagnostics, self.code),
            self.status,
            self.headers,
            MEDIA_TYPE,
        )


def operation_outcome(status: int, diagnostics: Sequence[str], code: str | None = None) -> bytes:
    """A FHIR OperationOutcome as JSON bytes, one issue per sentence."""
    issue_type = code or _ISSUE_TYPES.get(status, "processing")
    issues = [
        {"severity": "error", "code": issue_type, "diagnostics": sentence}
        for sentence in diagnostics
    ]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})
