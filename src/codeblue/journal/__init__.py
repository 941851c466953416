"""The append-only record of a run: events as JSON lines, requests as binary columns.

Everything a report says is read from here, so a run that was killed can still be read.
"""

from codeblue.journal.events import Event, Journal, Tail, read_events
from codeblue.journal.requests import (
    IN_FLIGHT,
    REQUEST_DTYPE,
    TRANSPORT_FAILURE,
    RequestWriter,
    read_requests,
)
from codeblue.journal.run import RunDirectory

__all__ = [
    "IN_FLIGHT",
    "REQUEST_DTYPE",
    "TRANSPORT_FAILURE",
    "Event",
    "Journal",
    "RequestWriter",
    "RunDirectory",
    "Tail",
    "read_events",
    "read_requests",
]
