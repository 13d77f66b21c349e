"""A TColumn of HiveServer2 as an Arrow array, straight from the reply's bytes.

Numbers are contiguous and big-endian on the wire: one swap of bytes, no object per value.
`nulls` has a bit per row, the lowest first; what follows its end is not null. Strings are
gathered by their places; what Hive sends as text (decimals, dates, timestamps) comes as
strings here and is typed in `texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.engines.hive.thrift import BOOL, BYTE, DOUBLE, I16, I32, I64, Span
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_WIRE = {BYTE: ">i1", I16: ">i2", I32: ">i4", I64: ">i8", DOUBLE: ">f8"}
_MOST = 2**31 - 1  # bytes that the offsets of an Arrow string array reach


def read_column(body: Mapping[int, Any], data: bytes) -> pa.Array:
    """Return a column in the type that it travels in; raises ResultError where it is damaged."""
    if len(body) != 1:
        raise _damaged("a column has no values")
    ((number, found),) = body.items()
    values, nulls = found.get(1), found.get(2) or b""
    if number in (7, 8):
        return _strings(values, nulls, data, binary=number == 8)
    if not isinstance(values, Span):
        raise _damaged("a column has no list of values")
    return _numbers(values, nulls, data)


def rows_of(body: Mapping[int, Any]) -> int:
    """Return how many rows a TColumn has."""
    values = next(iter(body.values())).get(1)
    return values.count if isinstance(values, Span) else len(values or ())


def _numbers(span: Span, nulls: bytes, data: bytes) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    validity, count = _validity(nulls, span.count)
    if span.kind == BOOL:
        raw = np.frombuffer(data, np.uint8, span.count, span.start)
        bits = np.packbits(raw != 0, bitorder="little")
        return pa.Array.from_buffers(
            pa.bool_(), span.count, [validity, pa.py_buffer(bits)], null_count=count
        )
    wire = np.dtype(_WIRE[span.kind])
    raw = np.frombuffer(data, wire, span.count, span.start)
    native = raw.astype(wire.newbyteorder("="))
    kind = pa.from_numpy_dtype(native.dtype)
    return pa.Array.from_buffers(
        kind, span.count, [validity, pa.py_buffer(native)], null_count=count
    )


def _strings(values: Any, nulls: bytes, data: bytes, *, binary: bool) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    if isinstance(values, Span):
        assert values.at is not None
        assert values.lengths is not None
        count, sizes = values.count, values.lengths
        packed = _gather(data, values.start, values.end, values.at)
    else:
        items = values or ()
        count, sizes = len(items), np.array([len(item) for item in items], np.int64)
        packed = np.frombuffer(b"".join(items), np.uint8)
    if len(packed) > _MOST:
        raise _damaged("a column has more than 2 GiB in one reply")
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    validity, missing = _validity(nulls, count)
    kind = pa.binary() if binary else pa.string()
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(packed)]
    array = pa.Array.from_buffers(kind, count, buffers, null_count=missing)
    try:
        array.validate(full=True)  # text must be UTF-8
    except pa.ArrowInvalid as error:
        raise _damaged(str(error)) from error
    return array


def _gather(data: bytes, start: int, end: int, at: np.ndarray) -> np.ndarray:
    """Return the strings' bytes one behind the other, without the lengths between them."""
    import numpy as np

    region = np.frombuffer(data, np.uint8, end - start, start)
    wanted = np.ones(len(region), bool)
    heads = at - (start + 4)
    for byte in range(4):
        wanted[heads + byte] = False
    return region[wanted]


def _validity(nulls: bytes, count: int) -> tuple[pa.Buffer | None, int]:
    import numpy as np
    import pyarrow as pa

    if not nulls.strip(b"\0"):
        return None, 0
    size = (count + 7) // 8
    bits = np.zeros(size, np.uint8)
    given = np.frombuffer(nulls[:size], np.uint8)
    bits[: len(given)] = given
    if count % 8:
        bits[-1] &= (1 << count % 8) - 1
    missing = int(np.unpackbits(bits).sum())
    return pa.py_buffer(~bits), missing


def _damaged(how: str) -> ResultError:
    return ResultError(
        f"The result is incomplete or damaged: {how}",
        advice="Run the cell again; nothing of this result was used.",
    )
