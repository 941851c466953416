from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.score.merging import Clusters, pairs
from codeblue.patients.score.outcome import Pairs
from codeblue.patients.score.resources import Kept
from codeblue.patients.score.sent import Linked


def kept(*links: tuple[str, ...]) -> dict[str, Kept]:
    return {name: Kept(name, {}, (), tuple(others)) for name, *others in links}


def test_links_join_patients_however_they_run() -> None:
    clusters = Clusters(kept(("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e",)))
    assert len({clusters.of(name) for name in "abcd"}) == 1
    assert clusters.of("e") == "e"
    assert clusters.of("stranger") == "stranger"


RECORDS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.sampled_from(["", "x", "y", "z"])),
    max_size=14,
)


@given(RECORDS)
def test_pairs_are_counted_as_if_one_by_one(records: list[tuple[int, int, str]]) -> None:
    linkage = [
        Linked(f"r{number}", institution, "", person)
        for number, (person, institution, _) in enumerate(records)
    ]
    kept_as = {f"r{number}": into for number, (*_, into) in enumerate(records) if into}
    within, across = Pairs(), Pairs()
    for one, other in combinations(records, 2):
        found = within if one[1] == other[1] else across
        together = one[2] == other[2] != ""
        found.true += one[0] == other[0]
        found.merged += together
        found.rightly += together and one[0] == other[0]
    assert pairs(linkage, kept_as, Clusters({})) == (within, across)
