"""Thin on purpose: the fixtures of scenarios come from the codeblue pytest plugin."""
