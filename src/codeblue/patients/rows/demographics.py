"""Who the persons are, as text that all formats share."""

from __future__ import annotations

from functools import cache

import numpy as np

from codeblue.patients.draws import Ints
from codeblue.patients.rows import Text, Value
from codeblue.patients.rows.charts import Charts
from codeblue.patients.templates.text import join, scaled, words

_AREA_CODES = 1000
# OMB categories of ethnicity: CDC Race and Ethnicity code system (CDCREC).
_ETHNICITIES = words(("Not Hispanic or Latino", "Hispanic or Latino"))
_ETHNICITY_CODES = words(("2186-5", "2135-2"))


def demographics(charts: Charts, row: Ints) -> dict[str, Value]:
    """Names, addresses, races and ethnicities of the persons at ``row``."""
    hispanic = charts.persons.hispanic[row].view(np.uint8)
    return {
        **names(charts, row),
        **_address(charts, row),
        **_race(charts, charts.persons.race[row]),
        "ethnicity": _ETHNICITIES[hispanic],
        "ethnicity_code": _ETHNICITY_CODES[hispanic],
    }


def names(charts: Charts, row: Ints) -> dict[str, Value]:
    """The names of the persons at ``row``."""
    persons, pools = charts.persons, charts.population.pools
    given = np.concatenate((pools.male_given, pools.female_given))
    first = np.where(persons.female[row], len(pools.male_given), 0)
    return {
        "family": pools.families[persons.family[row]],
        "given": given[first + persons.given[row]],
        "middle": given[first + persons.middle[row]],
    }


def _address(charts: Charts, row: Ints) -> dict[str, Value]:
    persons, pools = charts.persons, charts.population.pools
    place = persons.place[row]
    return {
        "street": join(scaled(persons.house[row], 0), b" ", pools.streets[persons.street[row]]),
        "city": pools.cities[place],
        "state": pools.states[place],
        "postal_code": pools.postal_codes[place],
        # 555-0100 to 555-0199 is kept free for fiction in every area code.
        "phone": join(_exchanges()[persons.area_code[row]], scaled(persons.line_number[row], 0)),
    }


def _race(charts: Charts, race: Ints) -> dict[str, Value]:
    races = charts.population.tables.races
    return {
        "race": words(row.display for row in races)[race],
        "race_code": words(row.code for row in races)[race],
        "race_system": words(row.system for row in races)[race],
    }


@cache
def _exchanges() -> Text:
    return words(f"+1-{code:03d}-555-0" for code in range(_AREA_CODES))
