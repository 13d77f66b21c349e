"""Thrift's lists of strings: where each string is, found without a Python object per value.

On the wire each string is its length (4 bytes, big-endian) and its bytes, so each one's place
follows from the one before. A short string's length has three zero bytes, which text has not:
all such places are found at once, and taken where each is truly where the one before ends.
What is not so (long strings, zero bytes in binary values) is walked one by one. Nulls are empty
strings here, so that these must not be slow.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from emr_nb.errors import ReplyLostError

if TYPE_CHECKING:
    import numpy as np

_WINDOW = 1 << 18
_STEPS = 64  # walked one by one where the fast way finds little


def walk(data: bytes, start: int, count: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return where `count` strings begin, their lengths (both int64), and where the list ends.

    Raises ReplyLostError where the data ends before.
    """
    import numpy as np

    whole = np.frombuffer(data, np.uint8)
    at, lengths = np.empty(count, np.int64), np.empty(count, np.int64)
    done, place, steps = 0, start, _STEPS
    while done < count:
        heads, sizes = _chain(whole[place : place + _WINDOW])
        taken = min(len(heads), count - done)
        if taken:
            at[done : done + taken] = heads[:taken] + (place + 4)
            lengths[done : done + taken] = sizes[:taken]
            place += int(heads[taken - 1] + 4 + sizes[taken - 1])
            done += taken
        # where text seldom is so, looking for it costs more than it gives
        steps = _STEPS if taken > _STEPS else min(steps * 2, 1 << 16)
        if taken < _STEPS:
            more = min(steps, count - done)
            place = _step(data, place, at[done : done + more], lengths[done : done + more])
            done += more
    if place > len(data):
        raise _cut()
    return at, lengths, place


def _chain(window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the leading strings whose lengths are found by their zero bytes, and are linked.

    A run of zero bytes in a list of short texts is so many empty strings of four, and then the
    first three bytes of a length.
    """
    import numpy as np

    zero = np.zeros(len(window) + 2, bool)
    np.equal(window, 0, out=zero[1:-1])
    edges = np.flatnonzero(zero[1:] != zero[:-1])
    starts, runs = edges[::2], edges[1::2] - edges[::2]
    long = runs >= 3
    starts, counts = starts[long], (runs[long] + 1) // 4
    if not len(starts) or starts[0] != 0:
        return starts[:0], starts[:0]
    heads = starts
    if counts.max() > 1:
        first = np.cumsum(counts) - counts
        heads = np.repeat(starts - 4 * first, counts) + 4 * np.arange(counts.sum())
    heads = heads[heads < len(window) - 3]
    sizes = window[heads + 3].astype(np.int64)
    broken = np.flatnonzero(heads[1:] != heads[:-1] + 4 + sizes[:-1])
    linked = int(broken[0]) + 1 if len(broken) else len(heads)
    return heads[:linked], sizes[:linked]


def _step(data: bytes, place: int, at: np.ndarray, lengths: np.ndarray) -> int:
    unpack = struct.Struct(">i").unpack_from
    places, sizes = [], []
    try:
        for _ in range(len(at)):
            (size,) = unpack(data, place)
            places.append(place + 4)
            sizes.append(size)
            place += 4 + size
    except struct.error:
        raise _cut() from None
    at[:], lengths[:] = places, sizes
    if len(at) and lengths.min() < 0:
        raise _cut()
    return place


def _cut() -> ReplyLostError:
    return ReplyLostError(
        "The reply of HiveServer2 ends within a list of strings",
        advice="Run the cell again; nothing of this result was used.",
    )
