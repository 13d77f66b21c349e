"""Local values as variables of a Scala session: typed by what they are, sent as base64 of JSON.

Of the user's only the variable's name is in the code, checked to be an identifier and between
backticks. A string constant of the JVM has 65,535 bytes, hence the pieces.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
from collections.abc import Mapping, Sequence
from typing import Any

from emr_nb.engines.values import plain, spell
from emr_nb.errors import UsageError

_PIECE = 30_000
_SIMPLE = {
    bool: "Boolean",
    float: "Double",
    str: "String",
    bytes: "Array[Byte]",
    dt.date: "java.time.LocalDate",
    dt.timedelta: "java.time.Duration",
    decimal.Decimal: "BigDecimal",
    type(None): "Null",
}
_PRIMITIVE = frozenset({"Boolean", "Double", "Long", "Any"})
_READER = """{
  import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
  import scala.collection.JavaConverters._
  import java.time._
  def zoned(t: LocalDateTime, name: String, seconds: Int): ZonedDateTime = {
    val offset = ZoneOffset.ofTotalSeconds(seconds)
    val named = scala.util.Try(ZonedDateTime.ofLocal(t, ZoneId.of(name), offset)).toOption
    named.filter(_.getOffset == offset).getOrElse(ZonedDateTime.of(t, offset))
  }
  def told(kind: String, n: JsonNode): Any = kind match {
    case "int" => BigInt(n.textValue.replaceFirst("0x", ""), 16)
    case "float" => java.lang.Double.parseDouble(n.textValue)
    case "bytes" => java.util.Base64.getDecoder.decode(n.textValue)
    case "date" => LocalDate.of(n.get(0).intValue, n.get(1).intValue, n.get(2).intValue)
    case "timedelta" => Duration.ofDays(n.get(0).longValue).plusSeconds(n.get(1).longValue)
      .plusNanos(1000L * n.get(2).longValue)
    case "decimal" => BigDecimal.exact(new java.math.BigDecimal(n.textValue))
    case "datetime" =>
      val t = LocalDateTime.parse(n.get(0).textValue)
      if (n.get(3).isNull) t else zoned(t, n.get(2).textValue, n.get(3).intValue)
    case "tuple" => read(n)
    case "dict" =>
      val pairs = n.asScala.toList.map(p => (read(p.get(0)), read(p.get(1))))
      scala.collection.immutable.ListMap(pairs: _*)
  }
  def read(n: JsonNode): Any =
    if (n.isNull) null
    else if (n.isBoolean) n.booleanValue
    else if (n.isTextual) n.textValue
    else if (n.isNumber) n.longValue
    else if (n.isArray) n.asScala.toList.map(read)
    else { val kind = n.fieldNames.next; told(kind, n.get(kind)) }
  val text = List(PIECES).mkString
  read(new ObjectMapper().readTree(java.util.Base64.getDecoder.decode(text))).asInstanceOf[TYPE]
}"""


def scala_values_code(tag: str, values: Mapping[str, Any], views: Sequence[str]) -> str:
    """Return the Scala statement that defines these variables, and DataFrames of these views.

    Raises UsageError for a value that Scala has no type for.
    """
    lines = [f"// emr_nb:{tag}"]
    lines += [
        f"val `{name}`: {scala_type(v, name)} = {_reader(v, name)}" for name, v in values.items()
    ]
    lines += [f'val `{name}` = spark.table("`{name}`")' for name in views]
    return "\n".join(lines)


def scala_type(value: Any, name: str) -> str:
    """Return the Scala type of a value; raises UsageError."""
    kind = type(value)
    if kind is int:
        return "Long" if -(2**63) <= value < 2**63 else "BigInt"
    if kind is decimal.Decimal and not value.is_finite():
        raise UsageError(f"{name} is {value}, which no BigDecimal of Scala is")
    if kind is dt.datetime:
        return "java.time.LocalDateTime" if value.tzinfo is None else _zoned(value, name)
    if kind in (list, tuple):
        return f"List[{_common(value, name)}]"
    if kind is dict:
        return f"Map[{_common(list(value), name)}, {_common(list(value.values()), name)}]"
    found = _SIMPLE.get(kind)
    if found is None:
        spell(value, name)  # tells what cannot be sent at all
        return scala_type(plain(value, name), name)
    return found


def _zoned(value: dt.datetime, name: str) -> str:
    offset = value.utcoffset()
    if offset is None or offset.total_seconds() % 1:
        raise UsageError(f"{name}: its time zone is {offset} from UTC; Java's have whole seconds")
    return "java.time.ZonedDateTime"


def _common(values: Sequence[Any], name: str) -> str:
    """Return the one type of all values; null is of every type that is no primitive."""
    kinds = {scala_type(value, name) for value in values}
    if len(kinds) == 2 and "Null" in kinds and not kinds & _PRIMITIVE:
        kinds.discard("Null")
    return kinds.pop() if len(kinds) == 1 else "Any"


def _reader(value: Any, name: str) -> str:
    packed = base64.b64encode(json.dumps(spell(value, name)).encode()).decode()
    pieces = [packed[at : at + _PIECE] for at in range(0, len(packed), _PIECE)]
    listed = ", ".join(f'"{piece}"' for piece in pieces)
    return _READER.replace("PIECES", listed).replace("TYPE", scala_type(value, name))
