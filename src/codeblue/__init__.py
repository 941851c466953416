"""codeblue: a resilience proving ground for healthcare platforms."""
