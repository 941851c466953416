"""``python -m codeblue.cli``, for where the ``codeblue`` command is not on the path."""

from codeblue.cli import main

main(prog_name="codeblue")
