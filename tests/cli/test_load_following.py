from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.cli.load.following import LAG, LAST, Following, Picture
from codeblue.journal import IN_FLIGHT, RequestWriter, RunDirectory
from codeblue.load import LoadPlan
from codeblue.load.planning.plan import Stream
from codeblue.load.result import percentile

STARTED = 1_000_000.0
PLAN = LoadPlan(
    label="spike",
    journeys={"booking": Stream(rate=30), "chart": Stream(rate=10)},
    seconds=4,
    seed=3,
)
DUE = {name: PLAN.due(name) for name in PLAN.journeys}
ARRIVALS = [(name, at) for name, due in DUE.items() for at in due.tolist()]
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(ARRIVALS),
        st.sampled_from(["0", "1", "2"]),  # the worker
        st.integers(1, 3000).map(lambda n: n / 1024),  # latency, exact in 32 bits
        st.sampled_from([200, 302, 404, 503, 0, IN_FLIGHT]),
    ),
    max_size=80,
)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "test")


def writer(run: RunDirectory, worker: str = "0", load: str = "spike") -> RequestWriter:
    return RequestWriter(run.requests, load, worker, STARTED)


def seen(following: Following, at: float) -> Picture:
    """The picture of what was due ``at`` seconds after the start."""
    picture = following.look(STARTED + at + LAG)
    assert picture is not None
    return picture


def answer(to: RequestWriter, stream: str, at: float, latency: float, status: int = 200) -> None:
    to.add(at, latency, latency, to.name(stream, "GET /"), status)
    to.flush()


def test_before_the_first_record_there_is_nothing_to_see(run: RunDirectory) -> None:
    following = Following(run, PLAN)
    assert following.look(STARTED) is None
    writer(run)  # its file is there, and empty
    assert following.look(STARTED) is None


@given(answers=ANSWERS, at=st.floats(0.1, 6))
def test_every_arrival_that_is_due_is_answered_or_waits(
    answers: list[tuple[tuple[str, float], str, float, int]], at: float
) -> None:
    with TemporaryDirectory() as folder:
        run = RunDirectory.create(Path(folder), "test")
        following = Following(run, PLAN)
        writers = {worker: writer(run, worker) for worker in "012"}
        answer(writers["0"], *ARRIVALS[0], 0.01)
        for (stream, due), worker, latency, status in answers:
            answer(writers[worker], stream, due, latency, status)
        picture = seen(following, at)
    known = [(ARRIVALS[0], "0", 0.01, 200), *answers]
    for name in DUE:
        assert asdict(picture.streams[name]) == pytest.approx(glance(known, at, [name])), name
    assert asdict(picture.total) == pytest.approx(glance(known, at, list(DUE)))


def glance(
    answers: list[tuple[tuple[str, float], str, float, int]], at: float, streams: list[str]
) -> dict[str, float | None]:
    """The same, arrival by arrival."""
    due = [arrival for arrival in ARRIVALS if arrival[0] in streams and arrival[1] < at]
    heard = [(a, latency, status) for a, _, latency, status in answers if status != IN_FLIGHT]
    latency = {a: max(each for b, each, _ in heard if a == b) for a, _, _ in heard}
    bad = {a for a, _, status in heard if not 200 <= status < 400}
    waiting = [a for a in due if a not in latency]
    recent = [latency.get(a, at - a[1]) for a in due if a[1] >= at - LAST]
    milliseconds = np.array(recent) * 1000
    return {
        "due": len(due),
        "answered": len(due) - len(waiting),
        "failed": sum(a in bad for a in due),
        "waiting": len(waiting),
        "oldest": max((at - a[1] for a in waiting), default=0.0),
        "p50": percentile(milliseconds, 50),
        "p99": percentile(milliseconds, 99),
    }


def test_a_record_that_is_half_written_is_read_when_it_is_whole(run: RunDirectory) -> None:
    following = Following(run, PLAN)
    journal = writer(run)
    answer(journal, *ARRIVALS[0], 0.01)
    path = run.requests / "spike-0.bin"
    answer(journal, *ARRIVALS[1], 0.01)
    whole = path.read_bytes()
    path.write_bytes(whole[:33])
    assert seen(following, 5).total.answered == 1
    path.write_bytes(whole)
    assert seen(following, 5).total.answered == 2
    assert seen(following, 5).total.answered == 2


def test_a_new_name_late_in_a_load_belongs_to_its_stream(run: RunDirectory) -> None:
    following = Following(run, PLAN)
    journal = writer(run)
    answer(journal, "booking", DUE["booking"][0], 0.01)
    assert seen(following, 5).streams["chart"].answered == 0
    journal.add(DUE["chart"][0], 0.01, 0.01, journal.name("chart", "GET /late"), 200)
    journal.flush()
    assert seen(following, 5).streams["chart"].answered == 1


def test_another_load_of_the_run_is_not_this_one(run: RunDirectory) -> None:
    following = Following(run, PLAN)
    answer(writer(run, load="spike-control"), *ARRIVALS[0], 0.01)
    assert following.look(STARTED + 5) is None


def test_a_frozen_platform_shows_in_the_percentiles(run: RunDirectory) -> None:
    following = Following(run, PLAN)
    journal = writer(run)
    for stream, at in ARRIVALS:
        if at < 1:
            answer(journal, stream, at, 0.01)
    early, late = seen(following, 1), seen(following, 4)
    assert early.total.p99 is not None
    assert late.total.p99 is not None
    assert early.total.waiting == 0
    assert early.total.p99 < 100
    assert late.total.p99 > 2_500
    assert late.total.oldest > 2.5
