"""Which Patient records the platform holds to be the same person, against the linkage table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

from codeblue.patients.score.outcome import Pairs
from codeblue.patients.score.resources import Kept
from codeblue.patients.score.sent import Linked


class Clusters:
    """Kept Patients joined by their links; each cluster is known by one of its ids."""

    def __init__(self, patients: Mapping[str, Kept]) -> None:
        self._above: dict[str, str] = {}
        for patient in patients.values():
            for other in patient.links:
                one, two = self.of(patient.id), self.of(other)
                if one != two:
                    self._above[one] = two

    def of(self, id: str) -> str:  # noqa: A002
        """The cluster of the Patient with this id."""
        while id in self._above:
            id = self._above[id]  # noqa: A001
        return id


def pairs(
    linkage: Sequence[Linked], kept_as: Mapping[str, str], clusters: Clusters
) -> tuple[Pairs, Pairs]:
    """Pairs within institutions, and pairs across them.

    ``kept_as`` says, by the id a record was sent with, which kept Patient it became.
    """
    cluster = [
        clusters.of(kept_as[one.record]) if one.record in kept_as else f"not kept: {one.record}"
        for one in linkage
    ]
    everywhere = Pairs(
        _pairs(one.person for one in linkage),
        _pairs(cluster),
        _pairs((one.person, where) for one, where in zip(linkage, cluster, strict=True)),
    )
    within = Pairs(
        _pairs((one.person, one.institution) for one in linkage),
        _pairs((one.institution, where) for one, where in zip(linkage, cluster, strict=True)),
        _pairs(
            (one.person, one.institution, where)
            for one, where in zip(linkage, cluster, strict=True)
        ),
    )
    across = Pairs(
        everywhere.true - within.true,
        everywhere.merged - within.merged,
        everywhere.rightly - within.rightly,
    )
    return within, across


def _pairs(groups: Iterable[Hashable]) -> int:
    """How many pairs there are in the same group."""
    return sum(count * (count - 1) // 2 for count in Counter(groups).values())
