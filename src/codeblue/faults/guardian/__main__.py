"""The guardian process."""

from __future__ import annotations

from codeblue.faults.guardian.process import main

if __name__ == "__main__":
    main()
