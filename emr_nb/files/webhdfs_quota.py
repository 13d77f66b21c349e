"""Whether a write broke off at a used-up quota: DataNodes hang up without a word."""

from __future__ import annotations

import posixpath
from contextlib import suppress

from emr_nb.errors import DiskFullError, EmrError
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FilePath
from emr_nb.transport.base import Retry

_BLOCK = 128 << 20  # HDFS reserves a block before its first byte
_PARENTS = 6


def quota_error(nodes: Ways, path: FilePath) -> DiskFullError | None:
    """Return the error for a parent whose space quota leaves no block; None where none does."""
    folder = path.key
    with suppress(EmrError):
        for _ in range(_PARENTS):
            folder = posixpath.dirname(folder)
            at = FilePath("hdfs", path.authority, folder)
            reply = nodes.call("GET", at, "GETCONTENTSUMMARY", retry=Retry.READ)
            summary = reply.json()["ContentSummary"]
            quota, used = int(summary["spaceQuota"]), int(summary["spaceConsumed"])
            if 0 <= quota < used + _BLOCK:
                return DiskFullError(
                    f"The folder's space quota is used up: {used:,} of {quota:,} bytes",
                    where=str(at),
                    advice="HDFS reserves a whole block for each file; ask for a larger quota.",
                )
            if folder == "/":
                break
    return None
