"""Checks and their oracles: what must hold, and how to tell."""

from codeblue.checks.check import RISKS, Check, CheckBroke, CheckMeta, Inconclusive

__all__ = ["RISKS", "Check", "CheckBroke", "CheckMeta", "Inconclusive"]
