"""The fixtures of scenarios come from the codeblue pytest plugin; the reference platform adds none.

The engine's own tests are told apart from checks of a platform by where they stand: ``tests/``.
"""
