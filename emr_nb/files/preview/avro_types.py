"""Avro's schemas as Arrow types, each with what decodes its values. Source: avro.apache.org.

Our own, and not fastavro: a preview decodes what nobody has checked. There a count of a
thousand million nulls, which take no bytes, must not be a list in memory, a block must not be
inflated beyond what is needed, and the types must be Arrow's, exact.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.compact import CutError
from emr_nb.files.preview.damage import BudgetSpentError, DamageError

if TYPE_CHECKING:
    import pyarrow as pa

_DEEP = 24
_MOST_VALUES = 500_000  # that are decoded for one preview
_MOST_NODES = 20_000  # types within one schema


class Cursor:
    """Bytes that are read in order; raises CutError at their end."""

    def __init__(self, data: bytes = b"", at: int = 0) -> None:
        self.data, self.at, self.spent = data, at, 0

    def take(self, length: int) -> bytes:
        if length < 0:
            raise DamageError("a value has a negative length")
        end = self.at + length
        if end > len(self.data):
            raise CutError
        self.at = end
        return self.data[end - length : end]

    def long(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return (value >> 1) ^ -(value & 1)
            shift += 7
        raise DamageError("a number has more than 64 bits")

    def count(self) -> None:
        """Count a value that is decoded."""
        self.spent += 1
        if self.spent > _MOST_VALUES:
            raise BudgetSpentError(f"its first rows have more than {_MOST_VALUES:,} values")


Decode = Callable[[Cursor], Any]


@dataclass(frozen=True, slots=True)
class Typed:
    """An Arrow type, and what decodes its values as pyarrow takes them."""

    arrow: pa.DataType
    decode: Decode
    nullable: bool = False


class Types:
    """Translates one schema; `notes` say what is shown as something else."""

    def __init__(self) -> None:
        import pyarrow as pa

        self._pa = pa
        self._named: dict[str, Typed | None] = {}
        self._nodes = 0
        self.notes: list[str] = []
        self._plain: dict[str, Typed] = {
            "null": Typed(pa.null(), lambda _: None, nullable=True),
            "boolean": Typed(pa.bool_(), lambda c: c.take(1) != b"\0"),
            "int": Typed(pa.int32(), _int),
            "long": Typed(pa.int64(), _long),
            "float": Typed(pa.float32(), lambda c: struct.unpack("<f", c.take(4))[0]),
            "double": Typed(pa.float64(), lambda c: struct.unpack("<d", c.take(8))[0]),
            "bytes": Typed(pa.binary(), _bytes),
            "string": Typed(pa.string(), _string),
        }

    def of(self, schema: Any, space: str = "", depth: int = 0) -> Typed:
        """Return the type of a schema; raises DamageError."""
        self._nodes += 1
        if depth > _DEEP or self._nodes > _MOST_NODES:
            raise DamageError("its schema is nested too deep")
        if isinstance(schema, list):
            return self._union(schema, space, depth)
        if isinstance(schema, str):
            return self._by_name(schema, space)
        if not isinstance(schema, dict) or "type" not in schema:
            raise DamageError(f"its schema has {str(schema)[:80]!r} for a type")
        kind = schema["type"]
        if isinstance(kind, dict | list):
            return self.of(kind, space, depth + 1)
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(schema, str(kind), space, depth)
        if kind == "array":
            return self._array(schema, space, depth)
        if kind == "map":
            return self._map(schema, space, depth)
        made = self._by_name(str(kind), space)
        logical = self._logical(schema, str(kind), made)
        return logical or made

    def _by_name(self, name: str, space: str) -> Typed:
        if name in self._plain:
            return self._plain[name]
        for full in (f"{space}.{name}" if space and "." not in name else name, name):
            if full in self._named:
                found = self._named[full]
                if found is None:
                    raise DamageError(f"its type {name!r} holds itself, which no column can")
                return found
        raise DamageError(f"its schema names a type {name[:80]!r} that is not in it")

    def _define(self, schema: dict[str, Any], kind: str, space: str, depth: int) -> Typed:
        name = str(schema.get("name", ""))
        space = str(schema.get("namespace") or (name.rpartition(".")[0] or space))
        full = name if "." in name or not space else f"{space}.{name}"
        self._named[full] = None
        if kind == "fixed":
            made = self._fixed(schema)
        elif kind == "enum":
            made = Typed(self._pa.string(), _symbols([str(s) for s in schema.get("symbols", [])]))
        else:
            made = self._record(schema, space, depth)
        self._named[full] = made
        return made

    def _record(self, schema: dict[str, Any], space: str, depth: int) -> Typed:
        fields = schema.get("fields")
        if not isinstance(fields, list) or not all(
            isinstance(f, dict) and "name" in f and "type" in f for f in fields
        ):
            raise DamageError("its schema has a record without fields")
        names = [str(f["name"]) for f in fields]
        if len(set(names)) < len(names):
            raise DamageError("its schema has a record with two fields of one name")
        types = [self.of(f["type"], space, depth + 1) for f in fields]
        arrow = self._pa.struct(
            [
                self._pa.field(n, t.arrow, t.nullable or self._pa.types.is_null(t.arrow))
                for n, t in zip(names, types, strict=True)
            ]
        )
        steps = [(n, t.decode) for n, t in zip(names, types, strict=True)]

        def decode(cursor: Cursor) -> dict[str, Any]:
            cursor.count()
            return {n: step(cursor) for n, step in steps}

        return Typed(arrow, decode)

    def _fixed(self, schema: dict[str, Any]) -> Typed:
        size = schema.get("size")
        if not isinstance(size, int) or not 0 <= size <= 2**24:
            raise DamageError(f"its schema has a fixed type of {str(size)[:40]} bytes")

        def decode(cursor: Cursor) -> bytes:
            cursor.count()
            return cursor.take(size)

        made = Typed(self._pa.binary(size), decode)
        return self._logical(schema, "fixed", made) or made

    def _array(self, schema: dict[str, Any], space: str, depth: int) -> Typed:
        inner = self.of(schema.get("items"), space, depth + 1)
        return Typed(
            self._pa.list_(self._pa.field("element", inner.arrow, nullable=True)),
            _blocks(inner.decode),
        )

    def _map(self, schema: dict[str, Any], space: str, depth: int) -> Typed:
        inner = self.of(schema.get("values"), space, depth + 1)

        def pair(cursor: Cursor) -> tuple[str, Any]:
            return _string(cursor), inner.decode(cursor)

        return Typed(self._pa.map_(self._pa.string(), inner.arrow), _blocks(pair))

    def _union(self, schema: list[Any], space: str, depth: int) -> Typed:
        branches = [self.of(one, space, depth + 1) for one in schema]
        is_null = [s == "null" or (isinstance(s, dict) and s.get("type") == "null") for s in schema]
        if not branches:
            raise DamageError("its schema has a union of nothing")
        rest = [b for b, null in zip(branches, is_null, strict=True) if not null]
        steps: list[tuple[str, Decode]] = [("", lambda _: None)] * len(branches)
        if len(rest) <= 1:  # a value or null, in either order
            steps = [("", b.decode) for b in branches]
            arrow = rest[0].arrow if rest else self._pa.null()
        else:
            names = iter(f"member{n}" for n in range(len(rest)))
            steps = [
                ("", b.decode) if null else (next(names), b.decode)
                for b, null in zip(branches, is_null, strict=True)
            ]
            arrow = self._pa.struct(
                [self._pa.field(f"member{n}", b.arrow) for n, b in enumerate(rest)]
            )
            note = "A union of several types shows as one field for each of them, as Spark has it."
            self.notes += [note] * (note not in self.notes)

        def decode(cursor: Cursor) -> Any:
            cursor.count()
            index = cursor.long()
            if not 0 <= index < len(steps):
                raise DamageError(
                    f"a union has {len(steps)} types, and a value is of number {index}"
                )
            name, step = steps[index]
            value = step(cursor)
            return {name: value} if name else value

        return Typed(arrow, decode, nullable=any(is_null) or any(b.nullable for b in branches))

    def _logical(self, schema: dict[str, Any], kind: str, plain: Typed) -> Typed | None:
        pa, logical = self._pa, str(schema.get("logicalType", ""))
        if logical == "decimal" and kind in ("bytes", "fixed"):
            return self._decimal(schema, plain)
        word, _, unit = logical.rpartition("-")
        unit = {"millis": "ms", "micros": "us", "nanos": "ns"}.get(unit, "")
        arrow = None
        if (logical, kind) == ("date", "int"):
            arrow = pa.date32()
        elif (logical, kind) == ("time-millis", "int"):
            arrow = pa.time32("ms")
        elif (logical, kind) == ("time-micros", "long"):
            arrow = pa.time64("us")
        elif word == "timestamp" and kind == "long" and unit:
            arrow = pa.timestamp(unit, "UTC")
        elif word == "local-timestamp" and kind == "long" and unit:
            arrow = pa.timestamp(unit)
        return Typed(arrow, plain.decode) if arrow is not None else None

    def _decimal(self, schema: dict[str, Any], plain: Typed) -> Typed | None:
        digits, scale = schema.get("precision"), schema.get("scale", 0)
        if not isinstance(digits, int) or not isinstance(scale, int):
            return None
        if not (1 <= digits <= 76 and 0 <= scale <= digits):
            self.notes.append(
                f"decimal({digits}, {scale}) is not one that Arrow has: it shows as bytes."
            )
            return None
        arrow = self._pa.decimal128(digits, scale) if digits <= 38 else (
            self._pa.decimal256(digits, scale)
        )  # fmt: skip

        def decode(cursor: Cursor) -> Decimal:
            number = int.from_bytes(plain.decode(cursor)[-40:], "big", signed=True)
            text = str(abs(number))
            return Decimal((int(number < 0), tuple(map(int, text)), -scale))

        return Typed(arrow, decode)


def _int(cursor: Cursor) -> int:
    value = _long(cursor)
    if not -(2**31) <= value < 2**31:
        raise DamageError(f"an int is {value:,}")
    return value


def _long(cursor: Cursor) -> int:
    cursor.count()
    value = cursor.long()
    if not -(2**63) <= value < 2**63:
        raise DamageError("a long has more than 64 bits")
    return value


def _bytes(cursor: Cursor) -> bytes:
    cursor.count()
    return cursor.take(cursor.long())


def _string(cursor: Cursor) -> str:
    return _bytes(cursor).decode("utf-8", "backslashreplace")


def _symbols(symbols: list[str]) -> Decode:
    def decode(cursor: Cursor) -> str:
        index = _long(cursor)
        if not 0 <= index < len(symbols):
            raise DamageError(f"an enum has {len(symbols)} symbols, and a value is number {index}")
        return symbols[index]

    return decode


def _blocks(inner: Decode) -> Decode:
    """Decode the blocks of an array or a map."""

    def decode(cursor: Cursor) -> list[Any]:
        cursor.count()
        found: list[Any] = []
        while count := cursor.long():
            if count < 0:  # followed by the block's size
                cursor.long()
                count = -count
            for _ in range(count):
                cursor.count()
                found.append(inner(cursor))
        return found

    return decode
