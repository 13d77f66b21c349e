"""pandas frames on the driver and plain values, brought exactly or refused by name."""

from __future__ import annotations

import datetime
import decimal
import json

from .rows import number


class NotBringableError(TypeError):
    """A value that `-o` cannot bring exactly; the message says which and what to do."""


def bring(frame, limit):
    """Return header and payload of a pandas frame; an index that says something is a column."""
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        frame = frame.reset_index()
    total = len(frame)
    if limit is not None:
        frame = frame.iloc[: limit + 1]
    fields, columns = [], []
    for at, name in enumerate(frame.columns):
        kind, values = _column(frame.iloc[:, at], str(name))
        fields.append({"name": str(name), "type": kind, "nullable": True, "metadata": {}})
        columns.append(values)
    rows = [list(row) for row in zip(*columns)] if columns else [[]] * len(frame)
    header = {
        "carrier": "json",
        "schema": {"type": "struct", "fields": fields},
        "rows": len(frame),
        "limit": limit,
        "order": [],
        "zone": "UTC",
        "total": total,
    }
    return header, json.dumps(rows, separators=(",", ":")).encode("ascii")


_NUMPY = {
    "int8": "byte",
    "int16": "short",
    "int32": "integer",
    "int64": "long",
    "uint8": "short",
    "uint16": "integer",
    "uint32": "long",
    "float16": "float",
    "float32": "float",
    "float64": "double",
    "bool": "boolean",
}


def _column(series, name):
    dtype = str(series.dtype).lower()
    if dtype in ("float32", "float64", "float16") and str(series.dtype)[0] == "f":
        return _NUMPY[dtype], [number(float(value)) for value in series.tolist()]
    if dtype.startswith("datetime64"):
        return _datetimes(series, name)
    values = [None if _missing(value) else value for value in series.tolist()]
    if dtype in _NUMPY:
        return _NUMPY[dtype], values
    if dtype == "uint64":
        return "decimal(20,0)", [None if value is None else str(value) for value in values]
    return _objects(values, name)


def _missing(value):
    # None, pandas' NA and NaT, and the NaN that stands for a missing text; type names, since
    # the driver's pandas may be any version
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _datetimes(series, name):
    zoned = getattr(series.dtype, "tz", None) is not None
    if zoned:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    micros = []
    for value, ticks in zip(series.tolist(), series.astype("datetime64[ns]").astype("int64")):
        if _missing(value):
            micros.append(None)
        elif int(ticks) % 1000:
            raise NotBringableError(
                "column %r has nanoseconds, which no Spark type keeps; round it first" % name
            )
        else:
            micros.append(int(ticks) // 1000)
    return ("timestamp" if zoned else "timestamp_ntz"), micros


_EPOCH = datetime.date(1970, 1, 1)


def _objects(values, name):
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return "void", values
    if kinds == {str}:
        return "string", values
    if kinds == {bool}:
        return "boolean", values
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return "long", values
    if kinds == {bytes}:
        from .rows import _binary

        return "binary", [None if value is None else _binary(value) for value in values]
    if kinds == {datetime.date}:
        return "date", [None if value is None else (value - _EPOCH).days for value in values]
    if kinds == {decimal.Decimal}:
        return _decimals(values, name)
    raise NotBringableError(
        "column %r of the pandas frame holds %s, which cannot be brought exactly; "
        "convert it to one type" % (name, ", ".join(sorted(kind.__name__ for kind in kinds)))
    )


def _decimals(values, name):
    present = [value for value in values if value is not None]
    if not all(value.is_finite() for value in present):
        raise NotBringableError("column %r holds a decimal NaN or infinity" % name)
    scale = max(max(0, -value.as_tuple().exponent) for value in present)
    digits = max(max(value.adjusted() + 1, 0) for value in present) + scale
    if digits > 38:
        raise NotBringableError("column %r needs %d digits; decimals have 38" % (name, digits))
    texts = [None if value is None else format(value, "f") for value in values]
    return "decimal(%d,%d)" % (max(digits, scale, 1), scale), texts


def plain(value, where):
    """Return a value as JSON keeps it exactly; raises NotBringableError naming the place."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        spelled = number(value)
        return spelled if spelled is value else {"float": spelled}
    if kind is list:
        return [plain(item, "%s[%d]" % (where, at)) for at, item in enumerate(value)]
    if kind is dict and all(type(key) is str for key in value):
        return {"dict": [[k, plain(v, "%s[%r]" % (where, k))] for k, v in value.items()]}
    raise NotBringableError(
        "%s is a %s.%s: `-o` brings Spark and pandas DataFrames, and numbers, texts, lists and "
        "dicts with text keys" % (where, kind.__module__, kind.__name__)
    )
