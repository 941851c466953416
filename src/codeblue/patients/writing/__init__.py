"""Populations as files: ``plan`` a job, ``generate`` its shards here, on processes or on Dask."""

from codeblue.patients.writing.formats import FORMATS
from codeblue.patients.writing.generate import generate
from codeblue.patients.writing.job import Job, Written
from codeblue.patients.writing.plan import plan
from codeblue.patients.writing.shards import write_shard

__all__ = ["FORMATS", "Job", "Written", "generate", "plan", "write_shard"]
