"""How many bytes of a result may be loaded into this process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from emr_nb.errors import ResultTooLargeError

_SHARES = {"arrow": 2}  # the table alone; everything else is converted from it, beside it
_SHARE = 4


def byte_budget(chosen: int = 0, form: str = "pandas") -> int:
    """Return the most bytes of Arrow to load: what was chosen, else a share of free memory.

    The share is a quarter, for `arrow` a half; 0 (no limit) where free memory is not known.
    """
    return chosen or free_memory() // _SHARES.get(form, _SHARE)


def free_memory() -> int:
    """Return the bytes that this process may still take; 0 where nobody tells (no /proc)."""
    found = [_available(), *_left_in_group()]
    return min((size for size in found if size > 0), default=0)


def _available() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):  # no Linux: half of what is built in
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 0


def _left_in_group() -> list[int]:
    """Return what a container's limit leaves (cgroup v2); nothing where there is none."""
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit = (group / "memory.max").read_text().strip()
        if limit != "max":
            return [int(limit) - int((group / "memory.current").read_text())]
    return []


def too_large(size: int, budget: int, where: str, *, more: bool = False) -> ResultTooLargeError:
    """Return the error for a result above the budget; with `more` its size is not known yet."""
    least = "more than " if more else ""
    return ResultTooLargeError(
        f"The result takes {least}{size / 2**20:,.0f} MiB; {budget / 2**20:,.0f} MiB may be "
        "loaded here, and nothing of it was",
        where=where,
        advice="-n ROWS brings its first rows, --to PATH writes it to files, --as arrow takes "
        "the least memory; %config EmrNb.result_bytes sets another limit.",
    )
