"""Tokens, the patient's compartment, consent and the broken glass, asked of running platforms."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import asyncpg
import httpx
import jwt
import pytest

from reference_platform.clock import Clock
from reference_platform.contract.security import Alerts, Introspection, SmartConfiguration
from reference_platform.decisions.object_scopes import Production
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.keys import Key
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.alerts import OPEN_SECONDS
from reference_platform.services.gateway.consents import FRESH, TRUSTED, Consents
from reference_platform.services.gateway.throttle import TRIES
from reference_platform.services.gateway.tokens import LIFE, AccessTokens
from reference_platform.services.records.consents import PROVISIONS
from reference_platform.settings import Settings

from .conftest import Running, Start, patient, slot, until

pytestmark = pytest.mark.slow

GLASS = {"X-Break-Glass": "Unconscious, allergies unknown"}


@pytest.fixture
def platform(start: Start) -> Running:
    return start("production")


def ask(platform: Running, **form: str) -> httpx.Response:
    return httpx.post(f"{platform.base_url}/v1/auth/token", data=form, timeout=20)


def form(role: str, **more: str) -> dict[str, str]:
    secret = "token-of-riverside" + ("" if role == "clinician" else f"-{role}")
    return {
        "grant_type": "client_credentials",
        "client_id": f"riverside-{role}",
        "client_secret": secret,
        **more,
    }


@contextmanager
def bearer(platform: Running, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=platform.base_url, headers=headers, timeout=20) as client:
        yield client


@contextmanager
def launched(platform: Running, role: str, scope: str = "", **more: str) -> Iterator[httpx.Client]:
    """A client with an access token; the first one waits until the gateway has looked around."""
    answer = ask(platform, **form(role, **({"scope": scope} if scope else {}), **more))
    assert answer.status_code == 200, answer.text
    with bearer(platform, answer.json()["access_token"]) as client:
        until(lambda: client.get("/v1/fhir/Patient/none").status_code != 503)
        yield client


def observation(client: httpx.Client, about: str, category: str = "vital-signs") -> str:
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": category}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{about}"},
        "valueQuantity": {"value": 71, "unit": "/min"},
    }
    answer = client.post("/v1/fhir/Observation", json=resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def refuse(client: httpx.Client, about: str, **provision: Any) -> None:
    """A Consent with which `about` denies what `provision` says."""
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{about}"},
        "policyRule": {"coding": [{"code": "OPTIN"}]},
        "provision": {"type": "deny", **provision},
    }
    answer = client.post("/v1/fhir/Consent", json=consent)
    assert answer.status_code == 201, answer.text


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    found = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
    assert bundle.get("total", len(found)) == len(found)
    return found


def test_a_token_grants_what_was_asked_for_and_no_more(platform: Running) -> None:
    answer = ask(platform, **form("clinician", scope="user/Patient.read openid"))
    token = answer.json()
    assert (token["scope"], token["token_type"], token["expires_in"]) == (
        "user/Patient.rs", "Bearer", LIFE,
    )  # fmt: skip
    with launched(platform, "clinician", "user/Patient.read") as client:
        assert client.get("/v1/fhir/Patient").status_code == 200
        for path in ("/v1/fhir/Observation", "/v1/patients/p/chart", "/v1/orders?patient=p"):
            refused = client.get(path)
            assert refused.status_code == 403
            assert refused.json()["resourceType"] == "OperationOutcome"
            assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"grant_type": ""}, 400),
        ({"scope": "launch openid"}, 400),
        ({"scope": "user/AuditEvent.rs"}, 400),
        ({"scope": "\x00"}, 400),
        ({"patient": "../.."}, 400),
        ({"client_id": "nobody"}, 401),
        ({"client_id": "riverside-nurse"}, 401),
        ({"client_secret": "guess"}, 401),
    ],
)
def test_a_bad_request_for_a_token(platform: Running, changed: dict[str, str], status: int) -> None:
    answer = ask(platform, **(form("clinician") | changed))
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "token-of-riverside" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe=%ff", "application/x-www-form-urlencoded", 400),
        (b"client_id=a&client_id=b", "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=b"] * 1000), "application/x-www-form-urlencoded", 400),
        (b"a" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
    ],
)
def test_a_malformed_form(platform: Running, content: bytes, kind: str, status: int) -> None:
    answer = httpx.post(
        f"{platform.base_url}/v1/auth/token", content=content, headers={"Content-Type": kind}
    )
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def corpus(platform: Running) -> dict[str, str]:
    """Tokens that the gateway must refuse, by why."""
    settings, tokens = platform.settings, AccessTokens(platform.settings)
    key, now = settings.keys.access, int(settings.clock.time())
    good = tokens.sign(Identity("riverside", "clinician", "ann", "user/*.cruds"))
    usual = jwt.decode(good, options={"verify_signature": False})

    def signed(by: Key = key, **changed: object) -> str:
        changed = {**usual, **changed}
        return by.sign({name: value for name, value in changed.items() if value is not None})

    head, body, signature = good.split(".")
    public = key.public.public_bytes_raw()
    caller = settings.keys.of("gateway")
    assert caller is not None
    return {
        "expired": signed(exp=now - 1),
        "future nbf": signed(nbf=now + 3600),
        "wrong iss": signed(iss="http://elsewhere"),
        "wrong aud": signed(aud="http://elsewhere/fhir"),
        "no sub": signed(sub=None),
        "empty sub": signed(sub=""),
        "no tenant": signed(tenant=None),
        "unknown tenant": signed(tenant="elsewhere"),
        "unknown role": signed(role="god"),
        "no jti": signed(jti=None),
        "scope that is no text": signed(scope=["user/*.cruds"]),
        "patient that is no text": signed(patient=1),
        "alg none": f"{segment({'alg': 'none', 'kid': key.kid})}.{body}.",
        "HS for EdDSA": jwt.encode(usual, public, "HS256", headers={"kid": key.kid}),
        "HS named": f"{segment({'alg': 'HS256', 'kid': key.kid})}.{body}.{signature}",
        "unknown kid": signed(Key.draw("access-9")),
        "a service's key": signed(caller),
        "key swapped": signed(Key.draw(key.kid)),
        "truncated": good[:-5],
        "body changed": f"{head}.{segment({**usual, 'tenant': 'lakeside'})}.{signature}",
        "garbage": "a.b.c",
        "not ascii": "\xe4\xf6",
    }


def test_forged_and_stale_tokens_are_refused_alike(platform: Running) -> None:
    outcomes = set()
    for why, token in corpus(platform).items():
        headers = {b"Authorization": f"Bearer {token}".encode("latin-1")}
        answer = httpx.get(f"{platform.base_url}/v1/fhir/Patient", headers=headers)
        assert answer.status_code == 401, why
        outcomes.add((answer.text, answer.headers["WWW-Authenticate"]))
    assert len(outcomes) == 1


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "token-of-riverside"])
def test_without_a_bearer_token_nobody_gets_in(platform: Running, header: str | None) -> None:
    headers = {"Authorization": header} if header is not None else {}
    answer = httpx.get(f"{platform.base_url}/v1/fhir/Patient", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="platform"')


def test_a_token_in_the_address_is_refused(platform: Running) -> None:
    url = f"{platform.base_url}/v1/fhir/Patient?access_token=token-of-riverside"
    assert httpx.get(url).status_code == 401
    with platform.client() as client:
        assert client.get("/v1/fhir/Patient?access_token=token-of-riverside").status_code == 401


def test_a_revoked_token_is_refused_by_both_gateways(platform: Running) -> None:
    replica = f"http://127.0.0.1:{platform.settings.replica_port}"
    with launched(platform, "clinician") as client, launched(platform, "nurse") as nurse:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        there = {"Authorization": client.headers["Authorization"]}

        def elsewhere() -> int:
            return httpx.get(f"{replica}/v1/fhir/Patient", headers=there).status_code

        until(lambda: elsewhere() != 503)
        assert elsewhere() == 200
        looked = Introspection(**client.post("/v1/auth/introspect", data={"token": token}).json())
        assert (looked.active, looked.sub) == (True, "riverside-clinician")
        assert nurse.post("/v1/auth/revoke", data={"token": token}).status_code == 403
        assert client.post("/v1/auth/revoke", data={"token": token}).json() == {"active": False}
        assert client.get("/v1/fhir/Patient").status_code == 401
        until(lambda: elsewhere() == 401)
        asked = nurse.post("/v1/auth/introspect", data={"token": token}).json()
        assert asked["active"] is False
        assert nurse.post("/v1/auth/revoke", data={"token": "unknown"}).status_code == 200


def test_a_revocation_that_is_not_stored_is_not_acknowledged(start: Start) -> None:
    """Without records nobody knows what was revoked, so access tokens are not believed either."""
    platform = start("pilot", edge_gateway_records="127.0.0.1:9")
    token = ask(platform, **form("clinician")).json()["access_token"]
    with platform.client() as client, bearer(platform, token) as revoked:
        answer = client.post("/v1/auth/revoke", data={"token": token})
        assert answer.status_code == 503
        assert revoked.get("/v1/slots").status_code == 503


def test_nobody_looks_into_another_tenants_token(platform: Running) -> None:
    token = ask(platform, **form("clinician")).json()["access_token"]
    with platform.client("lakeside") as stranger:
        asked = stranger.post("/v1/auth/introspect", data={"token": token})
        assert asked.json() == {"active": False}
        assert stranger.post("/v1/auth/revoke", data={"token": token}).status_code == 403


def test_the_configuration_is_found_and_the_keys_verify(platform: Running) -> None:
    places = ("/.well-known/smart-configuration", "/v1/fhir/.well-known/smart-configuration")
    found = [httpx.get(platform.base_url + place).json() for place in places]
    assert found[0] == found[1]
    known = SmartConfiguration(**found[0])
    keys = jwt.PyJWKSet.from_dict(httpx.get(known.jwks_uri).json())
    token = httpx.post(known.token_endpoint, data=form("nurse")).json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, ["EdDSA"], audience=f"{known.issuer}/v1/fhir", issuer=known.issuer,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )  # fmt: skip
    assert claims["sub"] == "riverside-nurse"


def test_guessing_is_slowed_down_for_the_one_who_is_guessed_at(start: Start) -> None:
    platform = start("production")
    wrong = form("system") | {"client_secret": "guess"}
    statuses = [ask(platform, **wrong).status_code for _ in range(TRIES + 5)]
    assert statuses == [401] * TRIES + [429] * 5
    assert ask(platform, **form("nurse")).status_code == 200
    with platform.client("riverside-auditor") as auditor:
        alerts = Alerts(**auditor.get("/v1/alerts").json()).alerts
        assert "client/riverside-system" in {each.target for each in alerts}


def test_a_patient_sees_one_chart_and_nothing_of_the_neighbours(platform: Running) -> None:
    with platform.client() as clinician:
        own, other = patient(clinician, "Own"), patient(clinician, "Other")
        mine, theirs = observation(clinician, own), observation(clinician, other)
        order = {"code": "aspirin", "quantity": 1}
        for about in (own, other):
            assert clinician.post("/v1/orders", json={**order, "patient": about}).is_success
        free = slot(clinician)
        booking = {"slot": free, "patient": other}
        assert clinician.post("/v1/appointments", json=booking).status_code == 201
        shared = slot(clinician)
    with launched(platform, "patient", patient=own) as client:
        assert ids(client.get("/v1/fhir/Patient")) == [own]
        assert ids(client.get("/v1/fhir/Patient?family=Other")) == []
        assert ids(client.get(f"/v1/fhir/Patient?_id={other}")) == []
        assert ids(client.get("/v1/fhir/Observation")) == [mine]
        assert ids(client.get(f"/v1/fhir/Observation?patient={own}")) == [mine]
        assert ids(client.get(f"/v1/fhir/Observation?patient=Patient/{other}")) == []
        assert client.get(f"/v1/patients/{own}/chart").status_code == 200
        assert client.get(f"/v1/patients/{own}/allergies").status_code == 200
        assert len(client.get(f"/v1/orders?patient={own}").json()["orders"]) == 1
        assert client.get(f"/v1/orders?patient={other}").json() == {"orders": []}
        assert client.get(f"/v1/appointments?slot={free}").json() == {"appointments": []}
        for path in (
            "/v1/patients/{}/chart",
            "/v1/patients/{}/allergies",
            "/v1/fhir/Patient/{}",
            "/v1/fhir/Patient/{}/_history",
            "/v1/fhir/Patient/{}/_history/1",
        ):
            same(client, path, own, other)
        for path in (
            "/v1/fhir/Observation/{}",
            "/v1/fhir/Observation/{}/_history",
            "/v1/fhir/Observation/{}/_history/1",
        ):
            same(client, path, mine, theirs)
        assert client.post("/v1/appointments", json=booking | {"slot": shared}).status_code == 404
        assert (
            client.post("/v1/appointments", json={"slot": shared, "patient": own}).status_code
            == 201
        )
        assert client.post("/v1/orders", json={**order, "patient": own}).status_code == 403
        assert client.get("/v1/alerts").status_code == 403  # fmt: skip


def same(client: httpx.Client, path: str, own: str, other: str) -> None:
    """One's own is shown; another's answer is that of nobody's, byte by byte."""
    assert client.get(path.format(own)).status_code == 200, path
    forbidden, missing = client.get(path.format(other)), client.get(path.format("0" * 32))
    assert (forbidden.status_code, forbidden.content) == (404, missing.content), path
    known = client.get(path.format(other), headers={"If-None-Match": 'W/"1"'})
    assert known.status_code == 404


def test_a_patient_withdraws_only_own_consents(platform: Running) -> None:
    with platform.client() as clinician:
        own, other = patient(clinician), patient(clinician)
        refuse(clinician, other)
        theirs = ids(clinician.get(f"/v1/fhir/Consent?patient={other}"))
    with launched(platform, "patient", patient=own) as client:
        refuse(client, own)
        mine = ids(client.get("/v1/fhir/Consent"))
        read = client.get(f"/v1/fhir/Consent/{mine[0]}")
        withdrawn = read.json() | {"status": "inactive"}
        version = {"If-Match": 'W/"1"'}
        stolen = withdrawn | {"id": (theirs or ["none"])[0]}
        assert (
            client.put(f"/v1/fhir/Consent/{stolen['id']}", json=stolen, headers=version).status_code
            == 404
        )
        answer = client.put(f"/v1/fhir/Consent/{mine[0]}", json=withdrawn, headers=version)
        assert answer.status_code == 200  # fmt: skip


def test_a_client_secret_of_patients_alone_opens_no_chart(platform: Running) -> None:
    with platform.client() as clinician, platform.client("riverside-patient") as client:
        known = patient(clinician)
        assert ids(client.get("/v1/fhir/Patient")) == []
        assert client.get(f"/v1/patients/{known}/chart").status_code == 404


def test_a_narrow_scope_shows_what_it_says(platform: Running) -> None:
    with platform.client() as clinician:
        known = patient(clinician)
        vital, laboratory = (
            observation(clinician, known, each) for each in ("vital-signs", "laboratory")
        )
    scope = "user/Observation.rs?category=laboratory user/Patient.rs"
    with launched(platform, "clinician", scope) as client:
        assert ids(client.get(f"/v1/fhir/Observation?patient={known}")) == [laboratory]
        assert client.get(f"/v1/fhir/Observation/{laboratory}").status_code == 200
        assert client.get(f"/v1/fhir/Observation/{vital}").status_code == 404
        assert client.get(f"/v1/patients/{known}/chart").status_code == 403


def test_a_transaction_is_granted_entry_by_entry(platform: Running) -> None:
    person = {"resourceType": "Patient", "name": [{"family": "Neu"}]}
    entry = {"resource": person, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    with platform.client("riverside-nurse") as nurse, platform.client() as clinician:
        assert nurse.post("/v1/fhir", json=bundle).status_code == 403
        assert clinician.post("/v1/fhir", json=bundle).status_code == 200


def test_refused_consent_hides_a_chart_until_the_glass_is_broken(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, platform.client("riverside-nurse") as nurse:
        known, other = patient(client, "Verborgen"), patient(client, "Verborgener")
        measured = observation(client, known)
        assert client.get(f"/v1/patients/{known}/chart").status_code == 200
        refuse(client, known)
        paths = [f"/v1/patients/{known}/chart", f"/v1/patients/{known}/allergies",
                 f"/v1/orders?patient={known}", f"/v1/fhir/Patient/{known}",
                 f"/v1/fhir/Observation/{measured}", f"/v1/fhir/Observation/{measured}/_history",
                 f"/v1/fhir/Observation/{measured}/_history/1"]  # fmt: skip
        for path in paths:
            assert client.get(path).status_code == 403, path
            assert client.get(path, headers=GLASS).status_code == 200, path
            assert nurse.get(path, headers=GLASS).status_code == 403, path
        assert ids(client.get("/v1/fhir/Patient?family=Verborgen")) == [other]
        assert ids(client.get(f"/v1/fhir/Observation?patient={known}")) == []
        assert client.get(paths[0], headers={"X-Break-Glass": "because"}).status_code == 400
        assert len(ids(client.get(f"/v1/fhir/Consent?patient={known}"))) == 1
        assert client.get(f"/v1/fhir/Provenance?patient={known}").status_code == 403
    with launched(platform, "clinician", "patient/*.rs", patient=known) as app:
        assert app.get(f"/v1/patients/{known}/chart").status_code == 403
        assert ids(app.get("/v1/fhir/Observation")) == []
    with launched(platform, "patient", patient=known) as oneself:
        assert oneself.get(f"/v1/patients/{known}/chart").status_code == 200


def test_a_broken_glass_yields_one_alert_per_window_and_ends_by_itself(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, platform.client("riverside-auditor") as auditor:
        known = patient(client)
        refuse(client, known)
        path = f"/v1/patients/{known}/chart"

        def alerts() -> list[str]:
            listed = Alerts(**auditor.get("/v1/alerts").json()).alerts
            return [each.reason for each in listed if known in each.target]

        assert alerts() == []
        assert [client.get(path, headers=GLASS).status_code for _ in range(3)] == [200] * 3
        assert alerts() == [GLASS["X-Break-Glass"]]
        platform.settings.clock.advance(OPEN_SECONDS + 1)
        assert client.get(path).status_code == 403
        assert client.get(path, headers=GLASS).status_code == 200
        assert len(alerts()) == 2
        assert client.get("/v1/alerts").status_code == 403


@pytest.mark.parametrize(
    ("provision", "chart", "observations"),
    [
        ({"class": [{"code": "Observation"}]}, 403, 0),
        ({"class": [{"code": "Condition"}]}, 200, 1),
        ({"period": {"end": "2020-01-01"}}, 200, 1),
        ({"purpose": [{"code": "HRESCH"}]}, 200, 1),
        ({"actor": [{"role": {"coding": [{"code": "clinician"}]},
                     "reference": {"reference": "PractitionerRole/clinician"}}]}, 403, 0),
        ({"actor": [{"role": {"coding": [{"code": "IRCP"}]},
                     "reference": {"reference": "Practitioner/riverside-clinician"}}]}, 403, 0),
        ({"actor": [{"role": {"coding": [{"code": "clinician"}]},
                     "reference": {"reference": "Practitioner/somebody-else"}}]}, 200, 1),
    ],
)  # fmt: skip
def test_a_refusal_reaches_as_far_as_it_says(
    platform: Running, provision: dict[str, Any], chart: int, observations: int
) -> None:
    with platform.client() as client:
        known = patient(client)
        observation(client, known)
        refuse(client, known, **provision)
        assert client.get(f"/v1/patients/{known}/chart").status_code == chart
        found = ids(client.get(f"/v1/fhir/Observation?patient={known}"))
        assert len(found) == observations


class Interrupted:
    """A way to records that can be cut, and what it was asked."""

    def __init__(self) -> None:
        self.cut = False
        self.asked = 0

    async def send(self, *_: object) -> Reply:
        self.asked += 1
        if self.cut:
            raise Refusal(503, "records: cannot be reached.")
        return Reply(200, {}, b'{"provisions":{"denied":[{"type":"deny"}]}}')


def test_consents_are_remembered_and_outlast_records_for_a_minute() -> None:
    records, who = Interrupted(), Identity("t", "nurse")
    consents = Consents(cast(Downstream, records), Production(), Clock())
    expected = {("denied", "Patient")}

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()

        async def denied(seconds: float) -> set[tuple[str, str]]:
            loop.time = lambda: begun + seconds  # type: ignore[method-assign]
            return await consents.denied(who, ["denied", "open"], ["Patient"], Deadline(None))

        assert [await denied(0), await denied(FRESH), records.asked] == [expected, expected, 1]
        assert [await denied(FRESH + 1), records.asked] == [expected, 2]
        records.cut = True
        assert [await denied(TRUSTED), await denied(TRUSTED + 0.5)] == [expected, expected]
        assert records.asked == 3
        with pytest.raises(Refusal) as refused:
            await denied(FRESH + TRUSTED + 2)
        assert refused.value.status == 503

    asyncio.run(scenario())


class Slow:
    """Records that answer when told to, with what was true when they were asked."""

    def __init__(self) -> None:
        self.denied: list[str] = []
        self.asked: list[asyncio.Event] = []

    async def send(self, *_: object) -> Reply:
        answer = {"provisions": {each: [{"type": "deny"}] for each in self.denied}}
        self.asked.append(asyncio.Event())
        await self.asked[-1].wait()
        return Reply(200, {}, json.dumps(answer).encode())


def test_a_consent_that_changes_while_consents_are_looked_up_disturbs_nobody() -> None:
    """Who asked before gets the answer of then; who asks after it, that of now, and it is kept."""
    records, who = Slow(), Identity("t", "nurse")
    consents = Consents(cast(Downstream, records), Production(), Clock())

    async def asked() -> asyncio.Task[set[tuple[str, str]]]:
        asking = asyncio.create_task(consents.denied(who, ["p"], ["Patient"], Deadline(None)))
        await asyncio.sleep(0.001)
        return asking

    async def scenario() -> None:
        before = await asked()
        records.denied = ["p"]
        consents.forget()
        after = await asked()
        assert len(records.asked) == 2
        for answer in reversed(records.asked):  # the older one comes last
            answer.set()
            await asyncio.sleep(0.001)
        assert (await before, await after) == (set(), {("p", "Patient")})
        assert await (await asked()) == {("p", "Patient")}
        assert len(records.asked) == 2

    asyncio.run(scenario())


def test_consents_are_found_by_an_index_under_row_level_security(backing: Settings) -> None:
    records = backing.model_copy(update={"records_port": 1})

    async def plan() -> str:
        connection = await asyncpg.connect(records.database_url("records", "platform_app"))
        try:
            await connection.execute("SET enable_seqscan = off")
            rows = await connection.fetch(f"EXPLAIN {PROVISIONS}", ["a", "b"])
            return "".join(row[0] for row in rows)
        finally:
            await connection.close()

    # Which of the indexes depends on what else the tables hold by now.
    assert re.search(r"Index Cond: .*\bpatient\b", asyncio.run(plan()))


def test_many_who_read_a_patient_at_once_ask_for_the_consents_once(platform: Running) -> None:
    with platform.client() as client:
        known = patient(client)
    before = consent_lookups(platform)

    async def read_together(count: int) -> list[int]:
        headers = platform.client().headers
        async with httpx.AsyncClient(
            base_url=platform.base_url, headers=headers, timeout=30
        ) as reader:
            path = f"/v1/patients/{known}/allergies"
            answers = await asyncio.gather(*(reader.get(path) for _ in range(count)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(read_together(16)) == [200] * 16
    assert consent_lookups(platform) - before <= 2


def consent_lookups(platform: Running) -> float:
    """How often records was asked for consents."""
    text = httpx.get(f"http://127.0.0.1:{platform.settings.records_port}/metrics").text
    lines = [line for line in text.splitlines() if "/internal/consents" in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines if "_requests_total" in line)


def test_a_transfer_to_a_partner_is_kept_back_too(platform: Running) -> None:
    with platform.client() as client:
        known = patient(client)
        refuse(client, known)
        answer = client.post("/v1/transfers", json={"patient": known})
        assert answer.status_code == 403


def test_without_the_decision_whoever_is_logged_in_sees_every_record(start: Start) -> None:
    platform = start("production-object_scopes")
    with platform.client() as clinician:
        own, other = patient(clinician), patient(clinician)
        refuse(clinician, other)
    with launched(platform, "patient", "patient/Patient.rs", patient=own) as client:
        assert client.get(f"/v1/patients/{other}/chart").status_code == 200
        assert client.get(f"/v1/orders?patient={other}").status_code == 200
        assert client.get("/v1/alerts").status_code == 403


def test_the_servers_fields_are_not_the_clients(start: Start) -> None:
    """Where nothing else checks a body, what is stored shows what is let through."""
    stored = {}
    for profile in ("pilot", "pilot+object_scopes"):
        with start(profile).client() as client:
            known = patient(client)
            order = {"patient": known, "code": "aspirin", "quantity": 1}
            forged = order | {"tenant": "lakeside", "verified_by": "me", "role": "chief"}
            assert client.post("/v1/orders", json=forged).status_code == 201
            placed = client.get(f"/v1/orders?patient={known}").json()["orders"][0]
            stored[profile] = sorted(placed.keys() & {"tenant", "verified_by", "role"})
    assert stored == {"pilot": ["role", "tenant", "verified_by"], "pilot+object_scopes": []}


def test_an_administrator_replaces_the_key_of_a_service(start: Start) -> None:
    platform = start("production")
    with platform.client("riverside-administrator") as administrator:
        assert administrator.post("/v1/auth/service-keys/hub/revocations").status_code == 404
        answer = administrator.post("/v1/auth/service-keys/cds/revocations")
        assert (answer.status_code, answer.json()["service"]) == (201, "cds")
    with platform.client() as client:
        assert client.post("/v1/auth/service-keys/cds/revocations").status_code == 403
        patient(client)
