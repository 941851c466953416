"""How much a hog may take: rules without exceptions, decided before anything is started.

Each function gives None when it may be, else a sentence that says how much would.
"""

from __future__ import annotations

LONGEST = 900
"""Seconds that a hog may live."""

SMALL_MIB = 1024
"""A file system up to this size was made for the purpose, and may be filled to its end."""
KEPT_MIB = 1024
KEPT_SHARE = 0.05


def time_refusal(seconds: int) -> str | None:
    """A hog lives 1 to 900 seconds."""
    if 1 <= seconds <= LONGEST:
        return None
    return f"seconds is {seconds}. Give 1 to {LONGEST}."


def cpu_refusal(cores: int, percent: int, usable: int) -> str | None:
    """As many cores as this process may use, each by 1 to 100 percent."""
    if not 1 <= cores <= usable:
        return f"cores is {cores}. Give 1 to {usable}, for that many may be used here."
    if not 1 <= percent <= 100:  # noqa: PLR2004 - percent
        return f"percent is {percent}. Give 1 to 100."
    return None


def memory_refusal(megabytes: int, available: int) -> str | None:
    """At most half of the memory that is available (MiB), so that nothing is ever killed for it."""
    most = available // 2
    if 1 <= megabytes <= most:
        return None
    if most < 1:
        return f"megabytes is {megabytes}, and only {available} MiB of memory are available."
    return (
        f"megabytes is {megabytes}. Give 1 to {most}: half of the {available} MiB of memory that "
        "are available now."
    )


def disk_refusal(megabytes: int, total: int, free: int) -> str | None:
    """Sizes in MiB. 1 GiB or 5 % of the file system stay free, whichever is more.

    A file system of at most 1 GiB, such as a tmpfs for the purpose, may be filled to its end.
    """
    kept = 0 if total <= SMALL_MIB else max(KEPT_MIB, int(total * KEPT_SHARE))
    most = total if kept == 0 else free - kept
    if 1 <= megabytes <= most:
        return None
    if most < 1:
        return f"megabytes is {megabytes}, and {kept} MiB of {total} have to stay free; {free} are."
    return (
        f"megabytes is {megabytes}. Give 1 to {most}: {kept} MiB of that file system have to stay "
        f"free, and {free} MiB are. To fill a disk to its end, use a small one (a tmpfs)."
    )
