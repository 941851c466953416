from __future__ import annotations

import os

import pytest

from reference_platform.identity import Identity
from reference_platform.settings import Settings, tokens_from


def test_tokens_are_collected_from_the_environment() -> None:
    environment = {
        "PLATFORM_TOKEN_RIVERSIDE_CLINICIAN": "a",
        "PLATFORM_TOKEN_LAKE_SIDE_CLINICIAN": "b",
        "PLATFORM_TOKEN_EMPTY_CLINICIAN": "",
        "OTHER": "c",
    }
    assert tokens_from(environment) == {
        "a": Identity("riverside", "clinician", "riverside-clinician"),
        "b": Identity("lake_side", "clinician", "lake_side-clinician"),
    }


def test_a_token_without_a_role_is_an_error() -> None:
    with pytest.raises(ValueError, match="PLATFORM_TOKEN_<TENANT>_<ROLE>"):
        tokens_from({"PLATFORM_TOKEN_RIVERSIDE": "a"})


def test_a_service_looks_at_its_edge_first() -> None:
    settings = Settings(records_port=1, edge_gateway_records="127.0.0.1:2")
    assert settings.address("gateway", "records") == "127.0.0.1:2"
    assert Settings(records_port=1).address("gateway", "records") == "127.0.0.1:1"
    with pytest.raises(ValueError, match="PLATFORM_RECORDS_PORT"):
        Settings().address("gateway", "records")


def test_external_servers_keep_their_credentials_behind_an_edge() -> None:
    settings = Settings(
        postgres_url="postgresql://root:s@db:5432/clinic",
        valkey_url="valkey://:pw@cache:6379/1",
        edge_gateway_valkey="127.0.0.1:7",
        edge_records_postgres="127.0.0.1:8",
        database_password="own",
    )
    assert settings.cache_url("gateway") == "redis://:pw@127.0.0.1:7/1"
    assert settings.database_url("records", "r") == "postgresql://r:own@127.0.0.1:8/clinic"
    assert settings.database_url("hub", "r") == "postgresql://r:own@db:5432/clinic"


def test_all_processes_hold_the_same_keys() -> None:
    settings = Settings()
    copied = settings.model_copy(update={"gateway_port": 1})
    assert copied.keys is settings.keys
    assert settings.keys.access is not Settings().keys.access
    assert "keys" not in repr(settings)


def test_a_revoked_key_is_revoked_in_forked_processes_too() -> None:
    settings = Settings()
    child = os.fork()
    if child == 0:
        settings.keys.revoke("cds")
        os._exit(0)
    os.waitpid(child, 0)
    key = settings.keys.of("cds")
    assert key is not None
    assert key.kid == "cds-2"
