"""One shard of a job: a pure function, the same in this process, in another and on a cluster."""

from __future__ import annotations

from collections import Counter

from codeblue.patients.writing.files import ShardFiles
from codeblue.patients.writing.formats import FORMATS
from codeblue.patients.writing.job import Job, Written
from codeblue.patients.writing.truth import Truth


def write_shard(job: Job, number: int) -> Written:
    """Write shard ``number`` of ``job``: the records of each institution, and the truth.

    All its files are there when it returns, and none of them when it does not.

    Raises:
        OSError: a file cannot be written.
    """
    population = job.load()
    kinds: Counter[str] = Counter()
    with ShardFiles(job.out) as files:
        writer = FORMATS[job.format](population, files, number, job.wanted)
        truth = Truth(files, number)
        for chunk in job.chunks(number):
            persons = population.persons(chunk.start, chunk.stop)
            for institution in range(len(population.institutions)):
                writer.write(persons, institution)
            labels = writer.labels()
            kinds += labels.counts()
            truth.add(population, persons, labels)
        writer.close()
        truth.close()
    return Written(len(job.persons(number)), len(files), files.bytes, writer.counts, kinds)
