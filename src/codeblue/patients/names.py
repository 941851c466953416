"""Pools of names and places, drawn once from Faker and then only sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from faker import Faker

# Faker draws, per locale: most of the region speaks English, and some names are not ASCII.
_LOCALES = {"en_US": 400, "es_MX": 100, "de_DE": 40}
_STREETS = 400
_PLACES = 200


class Place(NamedTuple):
    """A city with its state and postal code."""

    city: str
    state: str
    postal_code: str


@dataclass(frozen=True)
class Pools:
    """What names and addresses are made of; distinct, in a fixed order."""

    families: tuple[str, ...]
    female_given: tuple[str, ...]
    male_given: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]


@cache
def draw_pools(seed: int) -> Pools:
    """The pools of a population; the same seed gives the same pools."""
    from faker import Faker

    fakers = {locale: Faker(locale, use_weighting=False) for locale in _LOCALES}
    for faker in fakers.values():
        faker.seed_instance(seed)

    def people(draw: Callable[[Faker], str]) -> tuple[str, ...]:
        drawn = (draw(fakers[name]) for name, count in _LOCALES.items() for _ in range(count))
        return tuple(dict.fromkeys(drawn))

    local = fakers["en_US"]
    return Pools(
        families=people(lambda faker: faker.last_name()),
        female_given=people(lambda faker: faker.first_name_female()),
        male_given=people(lambda faker: faker.first_name_male()),
        streets=tuple(dict.fromkeys(local.street_name() for _ in range(_STREETS))),
        places=tuple(_draw_place(local) for _ in range(_PLACES)),
    )


def _draw_place(faker: Faker) -> Place:
    state = faker.state_abbr(include_territories=False, include_freely_associated_states=False)
    return Place(faker.city(), state, faker.postcode_in_state(state))
