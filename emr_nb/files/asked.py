"""Files that an open session reads for us: ranges one after the other, bounded, of one version."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emr_nb.context import Answer
from emr_nb.errors import FileError, StoreLacksError

RANGE = 2 * 1024 * 1024  # bytes of one statement: Livy keeps the answers of the last hundred
Ask = Callable[[int, int], Answer]  # start and size; facts have `size` and `mark`, bytes are fewer


def ranges(ask: Ask, start: int, length: int | None, most: int, where: str) -> Iterator[bytes]:
    """Yield a range of a file, a statement a range; raises rather than ends early.

    The first answer tells the size; a file that grows meanwhile is read as far as it was then.
    `most` bounds the whole: above it StoreLacksError is raised before a byte is given out.
    """
    answer = ask(start, RANGE if length is None else min(RANGE, length))
    mark, size = answer.told["mark"], int(answer.told["size"])
    unsized = size == 0  # what the kernel makes as it is read has no size (/proc)
    asked = None if length is None else start + length
    end = asked if unsized else size if asked is None else min(size, asked)
    if not unsized:
        _check_bound(max(0, (end or 0) - start), most, where)
    at = start
    while True:
        piece = answer.payload if end is None else answer.payload[: max(0, end - at)]
        at += len(piece)
        if piece:
            yield piece
        if (end is not None and at >= end) or (unsized and not piece):
            return
        if not piece:
            raise FileError(
                f"The file ended {(end or 0) - at:,} bytes too early",
                where=where,
                advice="It was cut while it was read; read it again.",
            )
        if unsized:
            _check_bound(at - start, most, where)
        answer = ask(at, RANGE if end is None else min(RANGE, end - at))
        if answer.told["mark"] != mark:
            raise FileError(
                "The file was replaced while it was read", where=where, advice="Read it again."
            )


def _check_bound(wanted: int, most: int, where: str) -> None:
    if wanted <= most:
        return
    raise StoreLacksError(
        f"That is {wanted / 2**20:,.1f} MiB, and statements of a session bring at most "
        f"{most / 2**20:,.0f} MiB in one read",
        where=where,
        advice="Read a part (%emr head -c, %emr tail -c, c.files.read(path, start, length)), have "
        "a Spark cell copy it to HDFS or S3, or raise %config EmrNb.session_read_bytes and "
        "attach again.",
    )
