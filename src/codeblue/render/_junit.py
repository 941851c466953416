"""Report -> JUnit XML, in the dialect of the Apache Ant schema that CI servers read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from codeblue.render._checks import CheckRecord
from codeblue.render._record import RunRecord
from codeblue.verdict import Verdict

_ELEMENT = {Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "error"}


def junit_xml(record: RunRecord, run: str) -> bytes:
    """One test case per check; what neither passed nor failed never reads as a pass."""
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", _suite_attributes(record))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("run", run), ("profile", record.profile or ""), ("target", record.target)):
        ET.SubElement(properties, "property", name=name, value=value)
    for check in record.checks:
        _case(suite, check)
    ET.SubElement(suite, "system-out").text = record.reason
    ET.SubElement(suite, "system-err").text = "\n".join(record.warnings)
    ET.indent(suites)
    whole: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _suite_attributes(record: RunRecord) -> dict[str, str]:
    elements = [_element(check.result.verdict) for check in record.checks]
    return {
        "name": f"codeblue {record.profile}" if record.profile else "codeblue",
        "package": "codeblue",
        "id": "0",
        "timestamp": datetime.fromtimestamp(record.start, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "tests": str(len(elements)),
        "failures": str(_count(elements, "failure")),
        "errors": str(_count(elements, "error")),
        "skipped": str(_count(elements, "skipped")),
        "time": f"{record.seconds:.3f}",
    }


def _count(elements: Sequence[str | None], name: str) -> int:
    return sum(element == name for element in elements)


def _element(verdict: Verdict) -> str | None:
    """The name of the child that says why a check did not pass; None for a pass."""
    return None if verdict is Verdict.PASS else _ELEMENT.get(verdict, "skipped")


def _case(suite: ET.Element, check: CheckRecord) -> None:
    result = check.result
    case = ET.SubElement(
        suite,
        "testcase",
        name=result.id,
        classname=f"codeblue.{result.risk.replace(' ', '_')}",
        time=f"{result.seconds:.3f}",
    )
    element = _element(result.verdict)
    if element:
        message = check.reason or result.measured or str(result.verdict)
        child = ET.SubElement(case, element, message=message, type=str(result.verdict))
        child.text = "\n".join(_lines(check))


def _lines(check: CheckRecord) -> list[str]:
    facts = {
        "title": check.title,
        "measured": check.result.measured,
        "threshold": check.result.threshold,
        "examines": ", ".join(check.result.examines),
        "control": check.control,
        "reproduce": check.reproduce,
    }
    return [f"{name}: {value}" for name, value in facts.items() if value]
