from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import httpx
import jwt
import pytest

from reference_platform.decisions import zero_trust
from reference_platform.decisions.zero_trust import LIFE, MAY_CALL, RENEWAL, Passport
from reference_platform.identity import HEADER, Identity
from reference_platform.keys import ALGORITHM, GENERATIONS, Key, Keyring
from reference_platform.outcomes import Refusal
from reference_platform.services.gateway.tokens import AccessTokens
from reference_platform.settings import Settings

from .conftest import TOKENS, Running, Start, patient

INNER = ("records", "scheduling", "hub", "cds", "worker")
PAIRS = [(caller, audience) for caller, several in MAY_CALL.items() for audience in several]


def passport(service: str, settings: Settings) -> Passport:
    return zero_trust.Production().passport(service, settings)


def status(service: Passport, headers: Mapping[str, str]) -> int:
    try:
        service.admit(headers)
    except Refusal as refusal:
        return refusal.status if "WWW-Authenticate" in (refusal.headers or {}) else 500
    return 200


def claims(settings: Settings, **changed: object) -> dict[str, object]:
    now = int(settings.clock.time())
    usual = {"iss": "gateway", "sub": "gateway", "aud": "records", "iat": now, "exp": now + 60}
    return {key: value for key, value in {**usual, **changed}.items() if value is not None}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def corpus(settings: Settings) -> dict[str, dict[str, str]]:
    """What `records` must refuse, by why."""
    key, now = settings.keys.of("gateway"), int(settings.clock.time())
    worker = settings.keys.of("worker")
    assert key is not None
    assert worker is not None
    stranger = Key(key.kid, (other := Key.draw(key.kid)).private, other.public)
    good = key.sign(claims(settings))
    head, body, signature = good.split(".")
    public = key.public.public_bytes_raw()
    user = AccessTokens(settings).sign(Identity("riverside", "clinician", "ann", "user/*.cruds"))
    forged_head = segment({"alg": "HS256", "kid": key.kid, "typ": "JWT"})
    confused = jwt.encode(claims(settings), public.ljust(32), "HS256", headers={"kid": key.kid})
    return {
        "nothing": {},
        "a client's secret": bearer("token-of-riverside"),
        "a user's access token": bearer(user),
        "expired": bearer(key.sign(claims(settings, iat=now - 100, exp=now - 1))),
        "not yet": bearer(key.sign(claims(settings, iat=now + 100, exp=now + 160))),
        "another audience": bearer(key.sign(claims(settings, aud="hub"))),
        "another issuer": bearer(key.sign(claims(settings, iss="cds"))),
        "another service's key": bearer(worker.sign(claims(settings))),
        "a key swapped": bearer(stranger.sign(claims(settings))),
        "an unknown key": bearer(Key.draw("gateway-99").sign(claims(settings))),
        "no key named": bearer(jwt.encode(claims(settings), key.private, ALGORITHM)),
        "no subject": bearer(key.sign(claims(settings, sub=None))),
        "no end": bearer(key.sign(claims(settings, exp=None))),
        "an end that is no time": bearer(key.sign(claims(settings, exp="tomorrow"))),
        "alg none": bearer(f"{segment({'alg': 'none', 'kid': key.kid})}.{body}."),
        "HS for EdDSA": bearer(confused),
        "HS named, EdDSA signed": bearer(f"{forged_head}.{body}.{signature}"),
        "truncated": bearer(good[:-4]),
        "two parts": bearer(f"{head}.{body}"),
        "not a scheme": {"Authorization": good},
        "another scheme": {"Authorization": f"Basic {good}"},
    }


def test_who_may_call_is_admitted_and_nobody_else() -> None:
    settings = Settings(tokens=TOKENS)
    passports = {name: passport(name, settings) for name in ("gateway", *INNER)}
    admitted = {
        (caller, audience)
        for caller in passports
        for audience in INNER
        if status(passports[audience], passports[caller].headers(audience)) == 200
    }
    assert admitted == set(PAIRS)


def test_a_partner_is_shown_nothing() -> None:
    hub = passport("hub", Settings(tokens=TOKENS))
    assert all(hub.headers(partner) == {} for partner in ("insurer", "fhir_partner", "ehr"))
    assert passport("worker", Settings(tokens=TOKENS)).headers("sms") == {}


@pytest.mark.parametrize("why", sorted(corpus(Settings(tokens=TOKENS, gateway_port=1))))
def test_whatever_proves_nothing_is_refused(why: str) -> None:
    settings = Settings(tokens=TOKENS, gateway_port=1)
    assert status(passport("records", settings), corpus(settings)[why]) == 401


def test_a_genuine_token_for_an_audience_out_of_bounds_is_forbidden() -> None:
    settings = Settings(tokens=TOKENS)
    cds = settings.keys.of("cds")
    assert cds is not None
    token = cds.sign(claims(settings, iss="cds", sub="cds", aud="hub"))
    assert status(passport("hub", settings), bearer(token)) == 403


def test_the_pilot_believes_everybody() -> None:
    settings = Settings(tokens=TOKENS, gateway_port=1)
    records = zero_trust.Pilot().passport("records", settings)
    assert {status(records, headers) for headers in corpus(settings).values()} == {200}
    assert records.headers("hub") == {}


def test_a_token_is_kept_until_it_is_to_be_renewed_and_ends_by_the_clock() -> None:
    settings = Settings(tokens=TOKENS)
    gateway, records = passport("gateway", settings), passport("records", settings)
    first = gateway.headers("records")
    assert gateway.headers("records") is first
    settings.clock.advance(RENEWAL)
    assert status(records, first) == 200
    second = gateway.headers("records")
    assert second != first
    settings.clock.advance(LIFE - RENEWAL)
    assert (status(records, first), status(records, second)) == (401, 200)


def test_a_revoked_key_is_refused_at_once_and_replaced() -> None:
    settings = Settings(tokens=TOKENS)
    gateway, cds = passport("gateway", settings), passport("cds", settings)
    records = passport("records", settings)
    old, other = gateway.headers("records"), cds.headers("records")
    assert (status(records, old), status(records, other)) == (200, 200)
    settings.keys.revoke("gateway")
    assert (status(records, old), status(records, other)) == (401, 200)
    assert status(records, gateway.headers("records")) == 200


def test_a_keyring_knows_its_callers_and_its_end() -> None:
    keys = Keyring()
    with pytest.raises(KeyError):
        keys.revoke("records")
    drawn = {keys.revoke("cds") for _ in range(GENERATIONS - 1)}
    assert len(drawn) == GENERATIONS - 1
    with pytest.raises(ValueError, match="Start the platform again"):
        keys.revoke("cds")


def routes(platform: Running, service: str) -> list[tuple[str, str]]:
    """Method and path of every route of an inner service that does work, ids filled in."""
    from reference_platform import profiles, services

    app = services.build(service, platform.settings, profiles.parse("production"))
    paths = [
        (method, path.replace("{", "").replace("}", ""))
        for route in app.router.routes
        if (path := getattr(route, "path", "")) and not path.startswith(("/health", "/metrics"))
        for method in sorted(getattr(route, "methods", None) or ())
    ]
    return [pair for pair in paths if pair[0] != "HEAD"]


@pytest.mark.slow
@pytest.mark.parametrize("service", INNER)
def test_every_route_of_every_inner_port_is_closed(start: Start, service: str) -> None:
    platform = start("production")
    port = getattr(platform.settings, f"{service}_port")
    claimed = Identity("riverside", "clinician").header()
    key = platform.settings.keys.of("gateway")
    assert key is not None
    shown = [{}, bearer("token-of-riverside"), bearer(key.sign(claims(platform.settings, aud="x")))]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        for method, path in routes(platform, service):
            for headers in shown:
                answer = client.request(method, path, headers={**claimed, **headers})
                assert answer.status_code == 401, (method, path)
                assert answer.json()["resourceType"] == "OperationOutcome"
        assert client.get("/health/live").status_code == 200
        assert client.get("/metrics").status_code == 200


@pytest.mark.slow
def test_the_services_still_work_for_each_other_and_not_for_others(start: Start) -> None:
    read = {}
    for profile in ("production", "production-zero_trust"):
        platform = start(profile)
        with platform.client() as client:
            known = patient(client)
        url = f"http://127.0.0.1:{platform.settings.records_port}/v1/fhir/Patient/{known}"
        claimed = {HEADER: Identity("riverside", "clinician").header()[HEADER]}
        read[profile] = httpx.get(url, headers=claimed).status_code
    assert read == {"production": 401, "production-zero_trust": 200}
