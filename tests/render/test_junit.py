from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from codeblue.render import render

# What the Apache Ant schema (JUnit.xsd, Windy Road Technology) asks of each element.
SUITE_ATTRIBUTES = {
    "name": r".+",
    "package": r".*",
    "id": r"\d+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "hostname": r".+",
    "tests": r"\d+",
    "failures": r"\d+",
    "errors": r"\d+",
    "skipped": r"\d+",
    "time": r"\d+\.\d+",
}
CASE_ATTRIBUTES = {"name": r".*", "classname": r".*", "time": r"\d+\.\d+"}


def suite_of(run: Path) -> ET.Element:
    render(run)
    suites = ET.parse(run / "junit.xml").getroot()
    assert suites.tag == "testsuites"
    (suite,) = suites
    return suite


def assert_valid(suite: ET.Element) -> None:
    assert_attributes(suite, SUITE_ATTRIBUTES)
    tags = [child.tag for child in suite]
    assert tags[0] == "properties"
    assert tags[-2:] == ["system-out", "system-err"]
    assert set(tags[1:-2]) <= {"testcase"}
    for case in suite.iter("testcase"):
        assert_attributes(case, CASE_ATTRIBUTES)
        assert len(case) <= 1
        assert {child.tag for child in case} <= {"failure", "error", "skipped"}
        assert all(child.get("type") for child in case)


def assert_attributes(element: ET.Element, expected: dict[str, str]) -> None:
    assert set(element.attrib) == set(expected)
    for name, pattern in expected.items():
        assert re.fullmatch(pattern, element.attrib[name]), name


def test_a_failed_check_is_a_failure(pilot: Path) -> None:
    suite = suite_of(pilot)
    assert_valid(suite)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "6", "0")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("218 of 230")
    assert "threshold: 0 accepted" in (failure.text or "")


def test_a_passed_check_has_no_child(production: Path) -> None:
    suite = suite_of(production)
    assert_valid(suite)
    assert all(len(case) == 0 for case in suite.iter("testcase"))


def test_inconclusive_is_an_error_and_not_exercised_is_skipped(wreck: Path) -> None:
    suite = suite_of(wreck)
    assert_valid(suite)
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "1", "4")


def test_an_empty_run_is_a_valid_suite_of_nothing(empty: Path) -> None:
    assert_valid(suite_of(empty))
