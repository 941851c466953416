"""Schema-driven fuzzing of the platform's API, by Schemathesis in a process of its own."""

from codeblue.fuzz.result import Finding, FuzzResult
from codeblue.fuzz.runner import fuzz

__all__ = ["Finding", "FuzzResult", "fuzz"]
