from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.patients.institutions import Institution, load_profile
from codeblue.workspace import builtin_root

MEASUREMENTS = ("body-temperature", "body-weight", "body-height", "glucose", "creatinine")
CLINIC = (builtin_root() / "synthetic_data" / "institutions" / "clinic.toml").read_text("utf-8")


def load(folder: Path, text: str) -> str:
    """The error that a profile with this text is refused with, from the line number on."""
    path = folder / "synthetic_data" / "institutions" / "clinic.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as raised:
        load_profile("clinic", MEASUREMENTS, folder)
    message = str(raised.value)
    assert message.startswith(f"{path}:")
    return message.removeprefix(f"{path}:")


def line_with(text: str, beginning: str) -> int:
    return next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith(beginning))


def test_a_workspace_overrides_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_data" / "institutions" / "clinic.toml"
    path.parent.mkdir(parents=True)
    path.write_text(CLINIC.replace('"Primary-care clinic"', '"Ours"'), "utf-8")
    assert load_profile("clinic", MEASUREMENTS, tmp_path).title == "Ours"


def test_an_unknown_profile_names_who_asks_for_it_and_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'^mine\.toml:7: .*"hospitol".*Did you mean "hospital"'):
        load_profile("hospitol", MEASUREMENTS, where="mine.toml:7")


@pytest.mark.parametrize(
    ("old", "new", "place", "advice"),
    [
        ("digits = 7", "digits = 99", "digits = 99", "less than or equal to 12"),
        ('prefix = "C"', 'prefix = "c|"', "prefix", "Correct it"),
        ('charset = "UTF-8"', 'charset = "EBCDIC"', "charset", "'UTF-8' or 'ISO-8859-1'"),
        ("no_show = 0.23", "no_show = 23", "no_show", "less than 1"),
        ("lead_days = 20.6", "lead_day = 20.6", "lead_day", '"appointments.lead_days" is missing'),
        ("sex-code = 0.002", "sexcode = 0.002", "sexcode", 'Did you mean "sex-code"'),
        ("sex-code = 0.002", "sex-code = 2", "sex-code", "less than or equal to 1"),
        ("[workflows.telehealth]", "[workflows.video]", "[workflows.video]", "'outpatient', 'inp"),
        (
            '["laboratory"]',
            '["outpatient"]',
            "[workflows.laboratory]",
            'no ward takes "laboratory"',
        ),
        ("days = [11, 10, 10, 9, 9, 0, 0]", "days = [1, 2]", "days = [1, 2]", "at least 7 items"),
        ("days = [11, 10, 10, 9, 9, 0, 0]", "days = [0, 0, 0, 0, 0, 0, 0]", "days = [0", "are 0"),
    ],
)
def test_a_mistake_is_found_on_its_line(
    tmp_path: Path, old: str, new: str, place: str, advice: str
) -> None:
    assert old in CLINIC
    text = CLINIC.replace(old, new, 1)
    message = load(tmp_path, text)
    assert advice in message
    line = int(message.split(":")[0])
    if "missing" not in advice:
        assert line == line_with(text, place)


@pytest.mark.parametrize("table", ["units.glucos", "codes.local.glucos"])
def test_what_is_not_measured_cannot_be_converted_or_recoded(tmp_path: Path, table: str) -> None:
    keys = {
        "units.glucos": 'unit = "mmol/L"\nucum = "mmol/L"\nfactor = 0.0555\ndecimals = 1\n',
        "codes.local.glucos": 'code = "GLU"\ndisplay = "Glucose"\n',
    }
    text = f"{CLINIC}\n[{table}]\n{keys[table]}"
    message = load(tmp_path, text)
    assert message.startswith(f"{line_with(text, f'[{table}]')}: ")
    assert 'Did you mean "glucose"?' in message


def test_a_profile_without_any_work_is_refused(tmp_path: Path) -> None:
    text = "\n".join(
        "share = 0" if row.startswith("share =") else row for row in CLINIC.splitlines()
    )
    assert "no workflow has a share" in load(tmp_path, text)


def test_an_institution_has_names_for_paths_and_for_its_numbers() -> None:
    institution = Institution("St. Mary's, North", load_profile("clinic", ()), 0.5)
    assert institution.slug == "st-mary-s-north"
    assert institution.record_number_system == "https://st-mary-s-north.example/record-number"
