from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.decisions import adapter_hub
from reference_platform.decisions.adapter_hub import AnswerError
from reference_platform.dialects import Catalogue, DialectError, Problem
from reference_platform.dialects import catalogue as catalogue_module
from reference_platform.dialects.header import Header, traceparent
from reference_platform.dialects.place import Place
from reference_platform.partners.ehr_feed import STYLES, write
from reference_platform.partners.insurer import SHAPES
from reference_platform.settings import Settings

EACH = 25
PRODUCTION = adapter_hub.Production().adapters(Settings())
PILOT = adapter_hub.Pilot().adapters(Settings())
PLAIN = "\r".join([
    r"MSH|^~\&|EHR|RIVERSIDE|HUB|HUB|20310303010000||ADT^A01|C1|T|2.5.1",
    "EVN|A01|20310303010000",
    "PID|1||M1^^^RIVERSIDE^MR||Proband^Anna||19800517|F",
    "PV1|1|I|W1||||||||||||||||V1",
])  # fmt: skip


def misread(adapters: adapter_hub.Adapters, dialect: str, seed: int = 0) -> int:
    """How many messages of a dialect are not read as they are meant, field by field."""
    wrong = 0
    for number in range(EACH):
        written = write(dialect, number, seed)
        try:
            told = asdict(adapters.event(written.message))
        except (ValueError, LookupError):
            wrong += 1
        else:
            wrong += any(told[name] != value for name, value in written.meaning.items())
    return wrong


def test_eight_dialects_are_read_as_they_are_meant() -> None:
    assert {dialect: misread(PRODUCTION, dialect) for dialect in STYLES} == dict.fromkeys(STYLES, 0)
    assert len(STYLES) == 8


def test_the_pilot_knows_one_vendor() -> None:
    """What it was built for is read as production reads it; hardly anything else is."""
    told, known = asdict(PILOT.event(PLAIN.encode())), asdict(PRODUCTION.event(PLAIN.encode()))
    assert told | {"dialect": "default"} == known
    assert all(misread(PILOT, dialect) == EACH for dialect in STYLES)


@given(st.integers(0, 10_000), st.sampled_from(sorted(STYLES)), st.integers(0, 1000))
def test_any_message_of_any_dialect_is_read(seed: int, dialect: str, number: int) -> None:
    written = write(dialect, number, seed)
    told = asdict(PRODUCTION.event(written.message))
    assert {name: told[name] for name in written.meaning} == dict(written.meaning)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda b: b"MSH|^~\\&|" + b))
def test_whatever_is_no_message_is_a_problem_and_nothing_else(message: bytes) -> None:
    with pytest.raises(Problem):
        PRODUCTION.event(message)


@given(st.text(max_size=8), st.integers(0, len(PLAIN)))
def test_a_mutated_message_is_read_or_is_a_problem(text: str, at: int) -> None:
    try:
        event = PRODUCTION.event((PLAIN[:at] + text + PLAIN[at + 2 :]).encode())
    except Problem:
        return
    assert event.visit
    assert "\x00" not in "".join(asdict(event).values())


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("ADT^A01", "ADT^A40", "MSH-9-2"),
        ("ADT^A01", "ORU^R01", "MSH-9"),
        ("|C1|", "||", "MSH-10"),
        ("EVN|A01|20310303010000", "EVN|A01|soon", "EVN-2"),
        ("M1^^^RIVERSIDE^MR", "", "PID-3"),
        ("19800517", "19801332", "PID-7"),
        ("|F", "|X", "PID-8"),
        ("|I|W1", "|?|W1", "PV1-2"),
        ("||V1", "||", "PV1-19"),
        ("Proband", "\\X00\\", "PID-5"),
        ("Proband", "\\XFF\\", "PID-5"),
        ("2.5.1", "2.5.1||||||KLINGON", "MSH-18"),
    ],
)
def test_a_problem_says_where(old: str, new: str, place: str) -> None:
    with pytest.raises(Problem) as found:
        PRODUCTION.event(PLAIN.replace(old, new).encode())
    assert place.startswith(found.value.place)
    assert "M1" not in str(found.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A\\X0D\\B", "A\rB"),
        ("M\\XC3BC\\ller", "Müller"),
        ("A\\.br\\B", "A\nB"),
        ("A\\.sp99999999\\B", "A\nB"),
        ("\\H\\A\\N\\", "A"),
        ("A\\Zxx\\B", "AB"),
        ("A\\F\\B\\S\\C\\T\\D\\R\\E\\E\\", "A|B^C&D~E\\"),
        ("A\\B", "A\\B"),
        ('""', ""),
    ],
)
def test_escapes_are_read(written: str, meant: str) -> None:
    assert PRODUCTION.event(PLAIN.replace("Proband", written).encode()).family == meant


def test_a_trace_comes_along_and_a_bad_one_does_no_harm() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert PRODUCTION.event(f"{PLAIN}\rZTR|{trace}".encode()).traceparent == trace
    assert PRODUCTION.event(f"{PLAIN}\rZTR|nonsense".encode()).traceparent == ""
    assert traceparent(f"{PLAIN}\rZTR|{trace}\r".encode()) == trace
    assert traceparent(f"{PLAIN}\rZTR|{trace}0".encode()) is None


def test_a_message_of_nothing_but_separators_costs_little() -> None:
    with pytest.raises(Problem, match="parts"):
        PRODUCTION.event(b"MSH|^~\\&|A|B\rPID|" + b"^" * 1_000_000)


def test_a_new_partner_is_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts at once, and one that is wrong changes nothing."""
    monkeypatch.setattr(catalogue_module, "_GLANCE", 0.0)
    adapters = adapter_hub.Production().adapters(Settings(dialects=tmp_path))
    theirs = PLAIN.replace("|EHR|", "|HOLMWOOD|").replace("|F", "|weiblich").encode()
    with pytest.raises(Problem, match="PID-8"):
        adapters.event(theirs)
    file = tmp_path / "holmwood.toml"
    file.write_text('[match]\napplications = ["holmwood"]\n[codes.gender]\nweiblich = "female"\n')
    assert (adapters.event(theirs).dialect, adapters.event(theirs).gender) == ("holmwood", "female")
    file.write_text('[codes.gender]\nweiblich = "woman"\n')
    assert adapters.event(theirs).gender == "female"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= 1", "cannot be read as TOML"),
        ('[codes.gender]\nX = "woman"', "codes.gender.X"),
        ('[fields]\nward = ["PV1"]', "fields.ward.0"),
        ("[fields]\nvisit = []", "fields.visit"),
        ('[encodings]\n"" = "klingon"', "encodings."),
        ('[encodings]\n"" = "utf-16"', "encodings."),
        ('[times]\noffset = "soon"', "times.offset"),
        ("[match]\nvendor = []", "match.vendor"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_key(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "holmwood.toml").write_text(text)
    with pytest.raises(DialectError, match=r"holmwood\.toml: ") as found:
        Catalogue(tmp_path)
    assert said in str(found.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DialectError, match="PLATFORM_DIALECTS"):
        Catalogue(tmp_path / "nowhere")


def test_a_partner_that_is_asked_may_be_described_anew(tmp_path: Path) -> None:
    (tmp_path / "asked").mkdir()
    text = Path(str(resources.files("reference_platform.dialects") / "asked" / "insurer.toml"))
    file = tmp_path / "asked" / "insurer.toml"
    file.write_text(text.read_text().replace('member = "member"', 'member = "insured"'))
    question = adapter_hub.Production().adapters(Settings(dialects=tmp_path)).question("P", "M")
    assert json.loads(question) == {"payer": "P", "insured": "M"}
    file.write_text(text.read_text().replace("limit = 65536", "limit = 0"))
    with pytest.raises(DialectError, match=r"insurer\.toml: limit: "):
        adapter_hub.Production().adapters(Settings(dialects=tmp_path))


def test_the_closest_dialect_is_taken() -> None:
    find = Catalogue().find
    assert find(Header("ashgrove", "RIVERSIDE")).name == "ashgrove"
    assert find(Header("nobody", "RIVERSIDE")).name == "default"
    assert find(Header()).name == "default"


@given(st.binary(max_size=200))
def test_any_bytes_have_a_header(message: bytes) -> None:
    header = Header.of(b"MSH" + message)
    assert header.control_id.isprintable()
    assert len(header.sender) <= 400


@pytest.mark.parametrize("text", ["", "PID", "PID-0", "pid-3", "PID-3[5]-1", "PID-3-1-1-1"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no place"):
        Place.parse(text)


def test_an_insurer_is_understood_in_every_shape() -> None:
    answers = [json.dumps(shape("P1", "M1")).encode() for shape in SHAPES]
    assert [PRODUCTION.coverage(answer, "P1", "M1") for answer in answers] == ["active"] * 4
    assert PILOT.coverage(answers[0], "P1", "M1") == "active"
    for answer in answers[1:]:
        with pytest.raises(AnswerError):
            PILOT.coverage(answer, "P1", "M1")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff",
        b"[]",
        b'"active"',
        b'{"status": 1}',
        b'{"status": ["active"]}',
        b'{"status": "perhaps"}',
        b'{"status": "<script>alert(1)</script>"}',
        b'{"status": "active", "member": "M2"}',
        b'{"status": "active", "member": ["M1"]}',
        b'{"status": "active", "payer": "P2", "member": "M1"}',
        b'{"status": "active", "filler": "' + b"x" * 70_000 + b'"}',
        b"[" * 5000,
    ],
)
def test_an_answer_that_cannot_be_trusted_is_refused(answer: bytes) -> None:
    with pytest.raises(AnswerError):
        PRODUCTION.coverage(answer, "P1", "M1")


def test_the_pilot_does_not_notice_another_member() -> None:
    answer = b'{"status": "active", "payer": "P1", "member": "somebody else"}'
    assert PILOT.coverage(answer, "P1", "M1") == "active"
