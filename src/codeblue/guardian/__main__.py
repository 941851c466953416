"""The guardian process: collect orders until the holder lets go, then carry them out."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import orjson
import psutil

from codeblue.guardian.ending import delete, discard, end


def main() -> None:
    """Read orders to their end; that end is the signal to act."""
    watched: list[psutil.Process] = []
    folders: list[Path] = []
    urls: list[str] = []
    for line in sys.stdin.buffer:
        order = orjson.loads(line)
        if "watch" in order:
            with suppress(psutil.NoSuchProcess):
                watched.append(psutil.Process(order["watch"]))
        elif "delete" in order:
            urls.append(order["delete"])
        else:
            folders.append(Path(order["discard"]))
    end(watched)
    delete(urls)
    for folder in folders:
        discard(folder)


if __name__ == "__main__":
    main()
