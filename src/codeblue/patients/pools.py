"""Draws the pools of names and places from Faker: ``python -m codeblue.patients.pools FOLDER``.

It writes the CSV files of ``synthetic_data/pools/`` into ``FOLDER``. What is generated depends on
these files alone, and not on the version of Faker.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from codeblue.patients.content import Content
from codeblue.patients.names import PooledName, PooledPlace

if TYPE_CHECKING:
    from faker import Faker

# Faker draws, per locale: most of the region speaks English, and some names are not ASCII.
_LOCALES = {"en_US": 400, "es_MX": 100, "de_DE": 40}
_STREETS = 400
_PLACES = 200
_SEED = 20250601
_USAGE = "usage: python -m codeblue.patients.pools FOLDER"


def draw_pools(folder: Path) -> None:
    """Draw all pools from Faker and write them as CSV files."""
    from faker import VERSION, Faker

    fakers = {locale: Faker(locale, use_weighting=False) for locale in _LOCALES}
    for faker in fakers.values():
        faker.seed_instance(_SEED)
    people: dict[str, Callable[[Faker], str]] = {
        "families": lambda faker: faker.last_name(),
        "female_given": lambda faker: faker.first_name_female(),
        "male_given": lambda faker: faker.first_name_male(),
    }
    for pool, draw in people.items():
        drawn = (
            (draw(fakers[locale]), f"Faker {VERSION} {locale}")
            for locale, count in _LOCALES.items()
            for _ in range(count)
        )
        _write(folder / f"{pool}.csv", PooledName, drawn)
    local, source = fakers["en_US"], f"Faker {VERSION} en_US"
    streets = ((local.street_name(), source) for _ in range(_STREETS))
    _write(folder / "streets.csv", PooledName, streets)
    places = ((*_place(local), source) for _ in range(_PLACES))
    _write(folder / "places.csv", PooledPlace, places)


def _place(faker: Faker) -> tuple[str, str, str]:
    state = faker.state_abbr(include_territories=False, include_freely_associated_states=False)
    return faker.city(), state, faker.postcode_in_state(state)


def _write(path: Path, model: type[Content], drawn: Iterable[tuple[str, ...]]) -> None:
    """One line for each distinct value, in the order of drawing; the last column is the source."""
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in drawn:
        rows.setdefault(row[:-1], row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(model.model_fields)
        writer.writerows(rows.values())


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder]:
            draw_pools(Path(folder))
        case _:
            sys.exit(_USAGE)
