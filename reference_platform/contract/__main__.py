"""`python -m reference_platform.contract publish [--force]`: write down what is served.

The documents lie beside this file, in `published/`. Exit codes: 0 written; 1 a version would break
its clients, and nothing was written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reference_platform.contract.compatibility import breaking_changes
from reference_platform.decisions.versioned_api import VERSIONS
from reference_platform.services.gateway.versions import published

FOLDER = Path(__file__).with_name("published")


def text(document: dict[str, Any]) -> str:
    """A document as it is committed: sorted, so that a difference is a change."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def publish(folder: Path, *, force: bool) -> list[str]:
    """Write every version, unless one takes something back; what it takes back."""
    documents = {version: published(version) for version in VERSIONS}
    broken = [
        f"{version}: {change}"
        for version, document in documents.items()
        if (path := folder / f"{version}.json").exists()
        for change in breaking_changes(json.loads(path.read_text("utf-8")), document)
    ]
    if force or not broken:
        folder.mkdir(exist_ok=True)
        for version, document in documents.items():
            (folder / f"{version}.json").write_text(text(document), "utf-8")
    return broken


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m reference_platform.contract")
    parser.add_argument("command", choices=["publish"])
    parser.add_argument("--force", action="store_true", help="publish what breaks clients, too")
    options = parser.parse_args(arguments)
    broken = publish(FOLDER, force=options.force)
    for change in broken:
        print(change, file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return 1 if broken and not options.force else 0


if __name__ == "__main__":
    sys.exit(main())
