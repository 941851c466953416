"""Puts the parts of a score together: Patients first, because all else points to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from codeblue.errors import UsageError
from codeblue.patients.dirt import KINDS
from codeblue.patients.rows import Rows
from codeblue.patients.score.export import Export, read_export
from codeblue.patients.score.judging import Judge, Row
from codeblue.patients.score.matching import Matching
from codeblue.patients.score.merging import Clusters, pairs
from codeblue.patients.score.outcome import Pairs, Score
from codeblue.patients.score.resources import FIELDS, Kept
from codeblue.patients.score.sent import Sent

_PATIENT = "Patient"
_COMPARED = frozenset({"id", "record_number", "record_number_system"}.union(*FIELDS.values()))


def score(truth: Path, kept: Sequence[Path]) -> Score:
    """How well the platform told dirt from truth, and who is who.

    ``truth`` is a folder of ``codeblue data generate``, ``kept`` are exports: FHIR NDJSON or
    Parquet, files or folders. Types of records that the exports do not have are not scored.

    Raises:
        UsageError: a folder or file is not what it should be, or they do not belong together.
    """
    return _Scoring(Sent(truth), read_export(kept)).run()


class _Scoring:
    def __init__(self, sent: Sent, export: Export) -> None:
        self._sent = sent
        self._export = export
        self._clusters = Clusters(export.get(_PATIENT, {}))
        self._kept_as: dict[str, str] = {}
        self._records: dict[str, tuple[int, int]] = {}

    def run(self) -> Score:
        self._sent.check()
        judge = Judge(self._alike, self._sent.population.tables)
        for kind in sorted(self._export, key=lambda kind: kind != _PATIENT):
            self._judge(kind, judge)
        if not any(kept for _, kept in self._records.values()):
            raise UsageError(
                "nothing kept was sent: no record of the export is one of this truth. "
                "Name the folder that the platform was filled from."
            )
        tallies = {name: judge.tallies[name] for name in KINDS if judge.tallies[name].sent}
        return Score(self._records, tallies, *self._pairs())

    def _judge(self, kind: str, judge: Judge) -> None:
        known = {text for one in self._sent.linkage for text in (one.record, one.number)}
        matching = Matching(kind, self._export[kind], known, self._clusters.of)
        sent, found = 0, set()
        for rows in self._sent.clean_rows(kind):
            compared = [(row, self._find(kind, matching, row)) for row in self._rows(rows)]
            judge.judge(rows, compared)
            sent += len(compared)
            found |= {kept.id for _, kept in compared if kept}
        self._records[kind] = (sent, len(found))

    def _rows(self, rows: Rows) -> Iterator[Row]:
        """The rows one by one, with their labels."""
        names = [name for name in rows.fields if name in _COMPARED]
        columns = [_texts(rows, name) for name in names]
        for texts in zip(*columns, strict=True):
            truth = dict(zip(names, texts, strict=True))
            labels = self._sent.labels.get((rows.resource, truth["id"]), ())
            yield Row(truth["id"], truth, labels, rows.part.partition(":")[0])

    def _find(self, kind: str, matching: Matching, row: Row) -> Kept | None:
        fields = row.sent
        if "patient" in fields:
            fields["patient"] = self._who(fields["patient"])
        kept = matching.find(row.id, row.identifier, fields)
        if kept and kind == _PATIENT:
            self._kept_as[row.id] = kept.id
        return kept

    def _who(self, patient: str) -> str:
        """The cluster of the kept Patient that was sent with this id."""
        return self._clusters.of(self._kept_as.get(patient, patient))

    def _alike(self, kept: str, sent: str) -> bool:
        """Whether a kept reference is to the Patient that was sent with this id."""
        return kept == sent or self._clusters.of(kept) == self._who(sent)

    def _pairs(self) -> tuple[Pairs, Pairs]:
        if _PATIENT not in self._export:
            return Pairs(), Pairs()
        return pairs(self._sent.linkage, self._kept_as, self._clusters)


def _texts(rows: Rows, name: str) -> list[str]:
    value = rows.fields[name]
    if isinstance(value, bytes):
        return [value.decode()] * len(rows)
    return [text.decode() for text in value.tolist()]
