"""Rewrite columns that a carrier cannot take into ones that it can, before executing.

Types are Spark's schema JSON. The notebook puts the true types together again from the
schema beside the rows, by position: names never matter on the way.
"""

from __future__ import annotations

CALENDAR = "interval"
PLAIN = (
    *("boolean", "byte", "short", "integer", "long", "float", "double", "string", "binary"),
    *("date", "timestamp", "timestamp_ntz"),
)


class UnsupportedError(TypeError):
    """A column's type cannot be brought back; the message names the column."""


# extract() gives the month within its year, and only of the type that has both units
_MONTHS = {
    "interval year": "extract(YEAR FROM {0}) * 12",
    "interval month": (
        "extract(YEAR FROM cast({0} as interval year to month)) * 12"
        " + extract(MONTH FROM cast({0} as interval year to month))"
    ),
    "interval year to month": "extract(YEAR FROM {0}) * 12 + extract(MONTH FROM {0})",
}


def _months(kind):
    return isinstance(kind, str) and kind in _MONTHS


def children(kind):
    """Return the types directly inside a type."""
    if not isinstance(kind, dict):
        return []
    if kind["type"] == "array":
        return [kind["elementType"]]
    if kind["type"] == "map":
        return [kind["keyType"], kind["valueType"]]
    if kind["type"] == "struct":
        return [field["type"] for field in kind["fields"]]
    return []


def _any(kind, test):
    return test(kind) or any(_any(child, test) for child in children(kind))


def _duplicates(kind):
    if not isinstance(kind, dict) or kind["type"] != "struct":
        return False
    names = [field["name"] for field in kind["fields"]]
    return len(set(names)) != len(names)


def _is_map(kind):
    return isinstance(kind, dict) and kind["type"] == "map"


def _is_udt(kind):
    return isinstance(kind, dict) and kind["type"] == "udt"


def needs_names(kind):
    """Tell whether a struct inside has two fields of one name, which Arrow in Spark refuses."""
    return _any(kind, _duplicates)


def needs_values(kind, carrier):
    """Tell whether values inside must be spelled otherwise for this carrier."""
    if carrier == "json":
        return _any(kind, lambda k: k == CALENDAR or _is_map(k))
    return _any(kind, lambda k: k == CALENDAR or _months(k))


def is_plain(kind):
    """Tell whether Parquet files hold a type's values, and those of all types inside, as is."""
    return not _any(kind, _without_parquet)


def _without_parquet(kind):
    if isinstance(kind, dict):
        return kind["type"] not in ("array", "map", "struct")
    return kind not in PLAIN and not kind.startswith("decimal(")


def check(fields, carrier):
    """Raise UnsupportedError for the first column that no rewriting can help."""
    for position, field in enumerate(fields):
        if carrier == "json" and _any(field["type"], lambda k: k == "variant"):
            raise UnsupportedError(
                "column %d (%r) holds VARIANT, which only Arrow can carry; "
                "select to_json of it instead" % (position + 1, field["name"])
            )


def positional(kind):
    """Return the type with every struct field named by its position."""
    if not isinstance(kind, dict):
        return kind
    if kind["type"] == "array":
        return dict(kind, elementType=positional(kind["elementType"]))
    if kind["type"] == "map":
        return dict(
            kind, keyType=positional(kind["keyType"]), valueType=positional(kind["valueType"])
        )
    if kind["type"] == "struct":
        fields = [
            dict(field, name="f%d" % at, type=positional(field["type"]))
            for at, field in enumerate(kind["fields"])
        ]
        return dict(kind, fields=fields)
    return kind


def plain(kind):
    """Return the type with every user-defined type replaced by what it is stored as."""
    if not isinstance(kind, dict):
        return kind
    if kind["type"] == "udt":
        return plain(kind["sqlType"])
    if kind["type"] == "array":
        return dict(kind, elementType=plain(kind["elementType"]))
    if kind["type"] == "map":
        return dict(kind, keyType=plain(kind["keyType"]), valueType=plain(kind["valueType"]))
    fields = [dict(field, type=plain(field["type"])) for field in kind["fields"]]
    return dict(kind, fields=fields)


def has_udt(fields):
    """Tell whether a user-defined type is anywhere in these fields."""
    return any(_any(field["type"], _is_udt) for field in fields)


def expression(value, kind, carrier, depth=0):
    """Return SQL that spells a value of this type for the carrier; struct names are positional."""
    if not needs_values(kind, carrier):
        return value
    if kind == CALENDAR:
        return _calendar(value)
    if _months(kind):
        return "cast(" + _MONTHS[kind].format(value) + " as int)"
    item = "x%d" % depth
    if kind["type"] == "array":
        inner = expression(item, kind["elementType"], carrier, depth + 1)
        return "transform(%s, %s -> %s)" % (value, item, inner)
    if kind["type"] == "map":
        key = expression(item + ".key", kind["keyType"], carrier, depth + 1)
        entry = expression(item + ".value", kind["valueType"], carrier, depth + 1)
        return "transform(map_entries(%s), %s -> named_struct('key', %s, 'value', %s))" % (
            value,
            item,
            key,
            entry,
        )
    parts = [
        "'f%d', %s" % (at, expression("%s.f%d" % (value, at), child, carrier, depth))
        for at, child in enumerate(children(kind))
    ]
    return "if(isnull(%s), null, named_struct(%s))" % (value, ", ".join(parts))


def _calendar(value):
    # extract() is the one exact way at a calendar interval's three numbers
    return (
        f"if(isnull({value}), null, named_struct("
        f"'f0', cast(extract(YEAR FROM {value}) as int) * 12"
        f" + cast(extract(MONTH FROM {value}) as int), "
        f"'f1', cast(extract(DAY FROM {value}) as int), "
        f"'f2', cast(extract(HOUR FROM {value}) as bigint) * 3600000000"
        f" + cast(extract(MINUTE FROM {value}) as bigint) * 60000000"
        f" + cast(extract(SECOND FROM {value}) * 1000000 as bigint)))"
    )
