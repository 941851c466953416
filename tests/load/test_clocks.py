from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codeblue.load.clocks import Exchange, offset

SECONDS = st.floats(0, 10)


@given(st.floats(-1000, 1000), st.lists(st.tuples(SECONDS, SECONDS), min_size=1))
def test_the_error_is_at_most_half_the_shortest_round_trip(
    true: float, ways: list[tuple[float, float]]
) -> None:
    exchanges = [Exchange(100.0, 100.0 + out + true, 100.0 + out + back) for out, back in ways]
    shortest = min(out + back for out, back in ways)
    # What is smaller than it could be wrong by is taken for none, and is then wrong by itself.
    assert abs(offset(exchanges) - true) <= shortest + 1e-9


def test_two_processes_of_one_machine_have_one_clock() -> None:
    assert offset([Exchange(5.0, 5.0004, 5.001), Exchange(6.0, 6.3, 6.5)]) == 0


def test_a_clock_that_is_off_is_found_through_the_quickest_exchange() -> None:
    assert offset([Exchange(5.0, 36.0, 7.0), Exchange(6.0, 36.001, 6.002)]) == 30.0
