"""Faults on processes that the platform declares in its ``codeblue.toml``."""
