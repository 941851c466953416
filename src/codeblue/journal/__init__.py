"""The append-only record of a run: events as JSON lines, requests as binary columns.

Everything a report says is read from here, so a run that was killed can still be read.
"""

from codeblue.journal.arrivals import Arrivals, Outcome, read_arrivals
from codeblue.journal.events import Event, Journal, Tail, read_events
from codeblue.journal.reading import RequestFile, request_files
from codeblue.journal.requests import (
    IN_FLIGHT,
    REQUEST_DTYPE,
    TRANSPORT_FAILURE,
    RequestWriter,
)
from codeblue.journal.run import RunDirectory

__all__ = [
    "IN_FLIGHT",
    "REQUEST_DTYPE",
    "TRANSPORT_FAILURE",
    "Arrivals",
    "Event",
    "Journal",
    "Outcome",
    "RequestFile",
    "RequestWriter",
    "RunDirectory",
    "Tail",
    "read_arrivals",
    "read_events",
    "request_files",
]
