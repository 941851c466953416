"""Scores, triage, summaries, and what a hospital configures: done by cds, records, the gateway."""

from __future__ import annotations

from reference_platform.contract import cds
from reference_platform.services.gateway.operations.operation import Operation


def _configuration(name: str) -> list[Operation]:
    path, model = f"/v1/configuration/{name}", cds.PARTS[name]
    answer = cds.Configured[model]  # type: ignore[valid-type]
    title = name.capitalize()
    return [
        Operation(
            f"read{title}Configuration", f"The hospital's {name} configuration", "GET", path,
            "records", answer, refusals=(404, 502),
        ),
        Operation(
            f"replace{title}Configuration", f"Replace the hospital's {name} configuration", "PUT",
            path, "records", answer, body=model, refusals=(404, 502), roles=("administrator",),
        ),
    ]  # fmt: skip


CDS: list[Operation] = [
    Operation(
        "readScore", "A patient's NEWS2 score", "GET", "/v1/patients/{id}/news2", "cds",
        cds.Score, refusals=(404, 500, 502), resource="Observation", interaction="s",
        priority="clinical",
    ),
    Operation(
        "listAssessments", "A patient's stored scores", "GET", "/v1/patients/{id}/assessments",
        "cds", cds.Assessments, refusals=(404, 500, 502), resource="Observation", interaction="s",
    ),
    Operation(
        "scoreVitals", "The NEWS2 score of a set of vital signs", "POST", "/v1/news2", "cds",
        cds.Score, body=cds.ScoreRequest, refusals=(500, 502), priority="clinical",
        roles=("clinician", "nurse", "system"),
    ),
    Operation(
        "triage", "What the hospital does about a set of vital signs", "POST", "/v1/triage", "cds",
        cds.TriageAnswer, body=cds.ScoreRequest, refusals=(500, 502), priority="clinical",
        roles=("clinician", "nurse", "system"),
    ),
    Operation(
        "readSummary", "A patient's chart with the score", "GET", "/v1/patients/{id}/summary",
        None, cds.Summary, refusals=(404, 502), resource="Patient", interaction="r",
        besides=(("Observation", "s"), ("AllergyIntolerance", "s")), priority="clinical",
    ),
    *(operation for name in cds.PARTS for operation in _configuration(name)),
]  # fmt: skip
