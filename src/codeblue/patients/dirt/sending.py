"""Spoils rendered messages and the order they are sent in, after their fields were spoiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codeblue.patients.dirt.chance import picks
from codeblue.patients.dirt.kind import Source
from codeblue.patients.dirt.kinds import MESSAGE_KINDS
from codeblue.patients.dirt.labels import Labels
from codeblue.patients.dirt.messages import Queue
from codeblue.patients.rows import Rows


def inject_messages(
    messages: Sequence[bytes],
    blocks: Sequence[Rows],
    rates: Mapping[str, float],
    mess: float,
    population: Source,
) -> tuple[list[bytes], Labels]:
    """The messages as they arrive, in the order of their events, and what was done to them.

    ``blocks`` are the rows of one institution that the messages were rendered from, one block after
    the other. A message can only be overtaken by another one of these, so hand over all messages of
    a person together.
    """
    labels = Labels()
    if not messages:
        return [], labels
    queue = Queue(messages, blocks)
    first = 0
    for rows in blocks:
        chosen = picks(rows, MESSAGE_KINDS, rates, mess, population.draws, "dirt:message")
        labels.add(
            rows,
            [
                (row, damage.place, kind.name, damage.before, damage.after)
                for row, kind, choice in chosen
                if (damage := kind.damage(queue, first + row, choice))
            ],
        )
        first += len(rows)
    return queue.all(), labels
