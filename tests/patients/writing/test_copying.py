"""COPY into a real PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest

from codeblue.errors import CodeblueError, UsageError
from codeblue.patients import load_population
from codeblue.patients.population import Population
from codeblue.patients.writing.copying import copy_population
from reference_platform.backing import PostgreSQL
from reference_platform.ports import assign


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    server = PostgreSQL(folder / "data", folder / "log", assign({"postgres": 0})["postgres"])
    server.start()
    while not server.ready():
        time.sleep(0.02)
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def population() -> Population:
    return load_population("regional-network", size=9000)


def ask(url: str, query: str) -> list[Any]:
    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


@pytest.mark.slow
@pytest.mark.parametrize("keyed", [False, True])
def test_the_tables_hold_the_population(url: str, population: Population, *, keyed: bool) -> None:
    schema = "keyed" if keyed else "bare"
    copied = copy_population(population, url, schema, keyed=keyed)
    assert (copied.person, copied.observation) == (9000, 9000 * 11)
    [counted] = ask(url, f"SELECT (SELECT count(*) FROM {schema}.person), count(*) "
                         f"FROM {schema}.observation")  # fmt: skip
    assert counted == (9000, 99000)
    persons = population.persons(8990, 9000)
    columns = (persons.birth_date.tolist(), persons.female.tolist(), persons.home.tolist())
    assert ask(url, f"SELECT birth_date, female, home FROM {schema}.person "
                    "WHERE person >= 8990 ORDER BY person") == list(
        zip(*columns, strict=True)
    )  # fmt: skip
    measured = population.measurements(persons)
    rows = ask(url, "SELECT extract(epoch FROM at)::int8, value::float8 "
                    f"FROM {schema}.observation JOIN {schema}.measurement USING (code) "
                    "WHERE name = 'hba1c' AND person >= 8990 ORDER BY person")  # fmt: skip
    assert [at for at, _ in rows] == measured.taken_at.astype(np.int64).tolist()
    assert [round(value * 10) for _, value in rows] == measured.values["hba1c"].tolist()
    keys = ask(url, f"SELECT 1 FROM pg_indexes WHERE schemaname = '{schema}'")
    assert len(keys) == (3 if keyed else 1)


@pytest.mark.slow
def test_a_schema_that_is_there_is_left_alone(url: str, population: Population) -> None:
    ask(url, "CREATE SCHEMA mine")
    with pytest.raises(UsageError, match='"mine" is there already'):
        copy_population(population, url, "mine", keyed=False)


@pytest.mark.slow
def test_nothing_stays_of_a_load_that_fails(
    url: str, population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(population, "measurements", fail)
    with pytest.raises(ZeroDivisionError):
        copy_population(population, url, "failed", keyed=False)
    assert ask(url, "SELECT 1 FROM pg_namespace WHERE nspname = 'failed'") == []


def test_a_database_that_does_not_answer_is_one_sentence(population: Population) -> None:
    with pytest.raises(CodeblueError, match=r"PostgreSQL: .*Look at the URL"):
        copy_population(population, "postgresql://127.0.0.1:9/none", "s", keyed=False)


def test_without_asyncpg_the_sentence_names_the_extra(
    population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(UsageError, match=r"codeblue\[reference\]"):
        copy_population(population, "postgresql://127.0.0.1:9/none", "s", keyed=False)
