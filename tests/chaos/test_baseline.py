from __future__ import annotations

from codeblue.chaos import baseline


def test_a_new_experiment_knows_nothing_of_the_last() -> None:
    baseline.forget()
    baseline.remember("p95", 4.0)
    assert (baseline.recall("p95"), baseline.count("n"), baseline.count("n")) == (4.0, 0, 1)
    baseline.forget()
    assert (baseline.recall("p95"), baseline.count("n")) == (None, 0)
