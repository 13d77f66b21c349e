"""Typed JSON: rows as arrays, exact by schema, for sessions that hand over no Arrow.

Dates are days, timestamps and day-time intervals microseconds, year-month intervals months
since or of nothing else; decimals are strings, binary is base64, maps are lists of pairs,
NaN and the infinities are strings.
"""

from __future__ import annotations

import base64
import io
import json
import math
import pickle
import struct

from .arrow import _connector


class _Raw(pickle.Unpickler):
    """Reads Spark's pickled rows as tuples of its internal values, nothing converted."""

    def find_class(self, module, name):
        if name == "_create_row_inbound_converter":
            return _row_maker
        return super().find_class(module, name)


def _row_maker(_schema):
    return _row


def _row(*values):
    return values


def collect(jdf, kinds):
    """Execute a Dataset once: its rows as JSON bytes, and how many they are.

    `collectToPython` runs the job before it serves anything: a failed one raises here.
    """
    info = jdf.collectToPython()
    stream, sock = _connector()(info[0], info[1])
    try:
        sock.settimeout(None)
        raw = stream.read()
    finally:
        stream.close()
        sock.close()
    encoders = [encoder(kind) for kind in kinds]
    rows = [
        [None if value is None else encode(value) for encode, value in zip(encoders, row)]
        for row in _unpickled(raw)
    ]
    text = json.dumps(rows, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii"), len(rows)


def _unpickled(raw):
    at = 0
    while at < len(raw):
        (length,) = struct.unpack_from(">i", raw, at)
        if length < 0 or at + 4 + length > len(raw):
            raise RuntimeError("the rows from the JVM are incomplete")
        yield from _Raw(io.BytesIO(raw[at + 4 : at + 4 + length]), encoding="bytes").load()
        at += 4 + length


def encoder(kind):
    """Return the function that turns a value of this type, never None, into JSON."""
    if isinstance(kind, dict):
        if kind["type"] == "array":
            return _array(encoder(kind["elementType"]))
        if kind["type"] == "map":  # rewritten as an array of entries
            pair = _struct([encoder(kind["keyType"]), encoder(kind["valueType"])])
            return _array(pair)
        if kind["type"] == "struct":
            return _struct([encoder(field["type"]) for field in kind["fields"]])
        return encoder(kind["sqlType"])
    if kind in ("float", "double"):
        return number
    if kind.startswith("decimal"):
        return _decimal
    if kind == "binary":
        return _binary
    if kind == "interval":
        return list
    return _same


def _same(value):
    return value


def number(value):
    """Spell a float so that JSON keeps it: every finite one by its shortest exact digits."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value):
    return format(value, "f")


def _binary(value):
    return base64.b64encode(bytes(value)).decode("ascii")


def _array(item):
    return lambda values: [None if value is None else item(value) for value in values]


def _struct(items):
    return lambda row: [None if value is None else item(value) for item, value in zip(items, row)]
