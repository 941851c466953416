"""Collects what Schemathesis recorded, and tells findings from correct refusals."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from requests import PreparedRequest
from schemathesis.core.failures import Failure, ServerError
from schemathesis.engine.recorder import Interaction, Request, ScenarioRecorder
from schemathesis.openapi.checks import JsonSchemaError, UndefinedContentType

from codeblue.fuzz.result import Finding, FuzzResult, Kind

KINDS: dict[str, Kind] = {
    "not_a_server_error": "server error",
    "response_schema_conformance": "response schema",
    "content_type_conformance": "content type",
    "ignored_auth": "authentication ignored",
}
# A dependency that is full, gone or late: no fault of the input, where the contract declares it.
_UNAVAILABLE = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_OK = range(200, 300)
_KEPT_HEADERS = ("content-type", "accept", "if-match", "if-none-match", "idempotency-key", "prefer")
_BODY_SHOWN = 2000


@dataclass(frozen=True)
class Contract:
    """What the OpenAPI document says of one operation."""

    statuses: frozenset[str]
    secured: bool


@dataclass
class Collection:
    """Running totals; operations go by their label, e.g. ``GET /v1/orders``."""

    contracts: dict[str, Contract]
    time_limit: float
    requests: int = 0
    unanswered: int = 0
    called: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    late: dict[str, str] = field(default_factory=dict)
    gone: bool = False
    findings: dict[tuple[str, Kind, str], Finding] = field(default_factory=dict)

    def add(self, recorder: ScenarioRecorder) -> None:
        """Take in one finished scenario."""
        self.requests += len(recorder.interactions)
        for case_id, interaction in recorder.interactions.items():
            self._count(recorder.cases[case_id].value.operation.label, interaction)
        for finding in self._judge(recorder):
            self._keep(finding)

    def add_timeout(self, operation: str, request: PreparedRequest) -> None:
        """An operation left a request without an answer for the whole time limit."""
        sent = Interaction(Request.from_prepared_request(request), response=None)
        detail = f"no answer within {self.time_limit:g} s"
        reproduce = _reproduce(sent, "server error")
        self._keep(Finding(operation, "server error", detail, reproduce))

    def add_outage(self) -> None:
        """The server stopped answering for good; the last request to go unanswered is shown."""
        self.gone = True
        label, reproduce = next(reversed(self.late.items()), ("every operation", ""))
        self._keep(Finding(label, "server error", "the server went away", reproduce))

    def result(self) -> FuzzResult:
        """Everything so far, findings in a stable order."""
        return FuzzResult(
            operations=len(self.called),
            operations_with_2xx=len(self.accepted),
            requests=self.requests,
            unanswered=self.unanswered,
            findings=tuple(found for _, found in sorted(self.findings.items())),
        )

    def _count(self, label: str, interaction: Interaction) -> None:
        self.called.add(label)
        if interaction.response is None:
            self.unanswered += 1
            self.late.setdefault(label, _reproduce(interaction, "server error"))
        elif (
            interaction.response.status_code in _OK
            and _has_credentials(interaction)
            and self._contract(label).secured
        ):
            self.accepted.add(label)

    def _keep(self, finding: Finding) -> None:
        self.findings.setdefault((finding.operation, finding.kind, finding.detail), finding)

    def _contract(self, label: str) -> Contract:
        return self.contracts.get(label, Contract(frozenset(), secured=False))

    def _judge(self, recorder: ScenarioRecorder) -> Iterator[Finding]:
        for case_id, nodes in recorder.checks.items():
            for node in nodes:
                failed = node.failure_info
                kind = KINDS.get(node.name)
                if failed is None or kind is None:
                    continue
                operation = recorder.cases[case_id].value.operation.label
                interaction = recorder.interactions.get(failed.failure.case_id or case_id)
                if not self._is_declared_outage(operation, failed.failure):
                    status = _status(interaction)
                    detail = _detail(failed.failure, status)
                    yield Finding(operation, kind, detail, _reproduce(interaction, kind))

    def _is_declared_outage(self, operation: str, failure: Failure) -> bool:
        return (
            isinstance(failure, ServerError)
            and failure.status_code in _UNAVAILABLE
            and str(failure.status_code) in self._contract(operation).statuses
        )


def _has_credentials(interaction: Interaction) -> bool:
    return any(name.lower() == "authorization" for name in interaction.request.headers)


def _status(interaction: Interaction | None) -> str:
    response = interaction.response if interaction else None
    return str(response.status_code) if response else "no"


def _detail(failure: Failure, status: str) -> str:
    """What was wrong, without any value from the answer: it may hold a patient's data."""
    match failure:
        case ServerError():
            return f"answered with {failure.status_code}"
        case JsonSchemaError():
            fields = [str(part) for part in failure.instance_path if isinstance(part, str)]
            keyword = failure.schema_path[-1] if failure.schema_path else "schema"
            return f'{status} answer: {".".join(fields) or "the body"} breaks "{keyword}"'
        case UndefinedContentType():
            return f"{status} answer: content type {failure.content_type} is not declared"
        case _:
            return f"{status} answer: {failure.title}"


def _reproduce(interaction: Interaction | None, kind: Kind) -> str:
    """A shell command that sends the request again; credentials by reference only."""
    if interaction is None:
        return ""
    request = interaction.request
    url = urlsplit(request.uri)
    target = url.path + (f"?{url.query}" if url.query else "")
    parts = ["curl", "-i", "-X", request.method, f'"$BASE_URL"{shlex.quote(target)}']
    if kind != "authentication ignored":
        parts += ["-H", '"Authorization: Bearer $TOKEN"']
    for name, values in request.headers.items():
        if name.lower() in _KEPT_HEADERS and values[0] != "*/*":
            parts += ["-H", shlex.quote(f"{name}: {values[0]}")]
    if request.body:
        shown = request.body[:_BODY_SHOWN].decode("utf-8", "backslashreplace")
        parts += ["--data-binary", shlex.quote(shown)]
    return " ".join(parts)
