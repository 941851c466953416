"""HL7 v2: one feed per institution, its messages framed as MLLP sends them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from codeblue.patients.dirt import inject_messages
from codeblue.patients.hl7v2 import Hl7Renderer, frame, messages
from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import hl7_rows
from codeblue.patients.writing.writer import Writer

_NAME = "messages"


class Hl7(Writer):
    """Frames one after the other, as ``nc`` or ``mllp_send`` plays them into a listener.

    The messages about some thousand persons follow each other in the order of time, unless they
    were put out of order; then come those about the next ones.
    """

    suffix = "hl7"
    known = hl7_rows.MESSAGES

    def write(self, persons: Persons, institution: int) -> None:
        """Write the messages of one institution."""
        renderer = _renderer(self.population.workspace)
        made = hl7_rows.rows(self.population, persons, institution, self.wanted)
        blocks = list(self.spoil(renderer.used(rows) for rows in made))
        if not blocks:
            return
        rendered = [message for rows in blocks for message in messages(renderer.render(rows))]
        faults = self.population.institutions[institution].profile.faults
        sent, labels = inject_messages(
            rendered, blocks, faults, self.population.mess, self.population
        )
        self.note(labels)
        self.stream(institution, _NAME).write(frame(sent))


@lru_cache(maxsize=1)
def _renderer(workspace: Path | None) -> Hl7Renderer:
    return Hl7Renderer(workspace)
