"""Disk: a folder's file system fills up."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeblue.faults.ground import Ground
from codeblue.faults.host.hog_fault import HogFault
from codeblue.faults.host.hogs import disk_refusal

_MIB = 2**20


@dataclass(frozen=True)
class Disk(HogFault):
    """``megabytes`` MiB of the file system under ``folder`` are reserved in a file without a name.

    A folder that is not absolute lies in the run's own, where ``platform`` is the platform's data.
    1 GiB or 5 % stay free, whichever is more, but a file system of at most 1 GiB may be filled to
    its end: give a platform a small one (a tmpfs) to see it on a full disk.
    """

    folder: str
    megabytes: int = 256
    seconds: int = 60

    type = "disk"
    kind = "disk"

    def refusal(self, ground: Ground) -> str | None:
        """The folder has to be there and writable, and enough has to stay free."""
        path = self._path(ground)
        if not path.is_dir():
            return f"{path} is no folder. Give one that exists, on the file system to be filled."
        if not os.access(path, os.W_OK | os.X_OK):
            return f"{path} may not be written to by this account. Give another folder."
        usage = shutil.disk_usage(path)
        return disk_refusal(self.megabytes, usage.total // _MIB, usage.free // _MIB)

    def share(self, ground: Ground) -> dict[str, Any]:
        """MiB, and where."""
        return {"megabytes": self.megabytes, "folder": str(self._path(ground))}

    def _path(self, ground: Ground) -> Path:
        return Path(ground.folder or ".") / self.folder
