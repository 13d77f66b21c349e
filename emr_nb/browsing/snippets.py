"""The cells that "insert as code" writes: Spark, a Hive table, pandas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emr_nb.browsing.formats import Told
from emr_nb.errors import UsageError
from emr_nb.model import FileEntry

KINDS = ("spark", "hive", "pandas")
_GLOB = re.compile(r"([{}\[\]*?\\])")
_SPARK = {
    "parquet": ".parquet({})", "orc": ".orc({})", "json": ".json({})", "text": ".text({})",
    "csv": '.option("header", True).csv({})',
    "tsv": '.option("header", True).option("sep", "\\t").csv({})',
    "avro": '.format("avro").load({})', "delta": '.format("delta").load({})',
    "hudi": '.format("hudi").load({})', "iceberg": '.format("iceberg").load({})',
}  # fmt: skip
_PANDAS = {
    "parquet": "read_parquet({})", "orc": "read_orc({})", "csv": "read_csv({})",
    "tsv": 'read_csv({}, sep="\\t")', "json": "read_json({}, lines=True)",
    "arrow": "read_feather({})", "text": 'read_csv({}, sep="\\0", header=None, names=["line"])',
}  # fmt: skip
_HEADER = 'TBLPROPERTIES ("skip.header.line.count"="1")'
_HIVE = {
    "parquet": "STORED AS PARQUET", "orc": "STORED AS ORC", "avro": "STORED AS AVRO",
    "text": "STORED AS TEXTFILE",
    "json": "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\nSTORED AS TEXTFILE",
    "csv": "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','\nSTORED AS TEXTFILE",
    "tsv": "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'\nSTORED AS TEXTFILE",
}  # fmt: skip
_LAKES = frozenset({"delta", "hudi", "iceberg"})


@dataclass(frozen=True, slots=True)
class HiveColumn:
    """A column as a `CREATE` names it."""

    name: str
    type: str


def spark(entry: FileEntry, told: Told) -> str:
    """Return a Spark cell that reads a path; its glob characters are made plain."""
    if entry.path.scheme == "node":
        return _on_the_driver(entry)
    path = _python(_GLOB.sub(r"\\\1", str(entry.path)))
    call = _SPARK.get(told.format, ".text({})")
    return f"%%spark\n{_odd_key(entry)}df = spark.read{call.format(path)}\ndf"


def pandas(entry: FileEntry, told: Told, cluster: str) -> str:
    """Return a cell that reads a path here; raises UsageError for what pandas does not read."""
    if told.format in _LAKES:
        raise UsageError(
            f"pandas does not read {told.format.title()} tables",
            where=str(entry.path),
            advice="Insert it as Spark.",
        )
    call = _PANDAS.get(told.format)
    if call is None:
        raise UsageError(
            "Its name does not tell a format that pandas reads",
            where=str(entry.path),
            advice="Insert it as Spark, or read its bytes: c.files.read(PATH).",
        )
    lines = ["import pandas as pd", "", f"c = %emr use {_word(cluster)}"]
    if entry.is_directory:
        lines += _parts(entry, call)
    else:
        lines.append(f"with c.files.open({_python(str(entry.path))}) as file:")
        lines.append(f"    df = pd.{call.format('file')}")
    return "\n".join([*lines, "df"])


def hive(entry: FileEntry, folder: str, told: Told, columns: Sequence[HiveColumn]) -> str:
    """Return a `CREATE EXTERNAL TABLE` over a folder; without columns it says where to name them.

    `folder` is the entry itself, or what holds it where it is a file.
    """
    if entry.path.scheme == "node":
        raise UsageError(
            "A node's disk is not one that Hive reads",
            where=str(entry.path),
            advice="Copy it to HDFS or S3 first: %emr cp.",
        )
    if told.format in _LAKES or told.format not in _HIVE:
        what = f"a {told.format.title()} table" if told.format in _LAKES else "no format it reads"
        raise UsageError(
            f"Hive has no plain external table over this: its names tell {what}",
            where=str(entry.path),
            advice="Insert it as Spark.",
        )
    named = [f"  {_tick(c.name)} {c.type}" for c in columns if c.name not in told.partitions]
    body = ",\n".join(named) or "  -- name the columns here: `name` TYPE, …"
    lines = [f"CREATE EXTERNAL TABLE {_tick(_table_name(entry))} (", body, ")"]
    if told.partitions:
        keys = ", ".join(f"{_tick(p)} STRING" for p in told.partitions)
        lines.append(f"PARTITIONED BY ({keys})")
    lines += [_HIVE[told.format], f"LOCATION {_sql(folder)}"]
    if told.format in ("csv", "tsv"):
        lines.append(_HEADER)
    note = "" if entry.is_directory else "-- a table lies over a folder: all files in it\n"
    repair = f";\nMSCK REPAIR TABLE {_tick(_table_name(entry))}" * bool(told.partitions)
    return "%%hive\n" + note + "\n".join(lines) + repair


def _on_the_driver(entry: FileEntry) -> str:
    """Return a cell that reads a file of the driver's disk, which the executors do not see."""
    path = _python(entry.path.key)
    lines = ["%%spark", "# on the driver's own disk, which Spark's executors do not see"]
    if entry.is_directory:
        return "\n".join([*lines, "import os", f"os.listdir({path})"])
    return "\n".join([*lines, f'with open({path}, "rb") as file:', "    data = file.read()"])


def _parts(entry: FileEntry, call: str) -> list[str]:
    one = call.format("c.files.open(str(part.path))")
    return [
        f"parts = [part for part in c.files.ls({_python(str(entry.path))})",
        '         if not part.is_directory and not part.name.startswith(("_", "."))]',
        f"df = pd.concat([pd.{one} for part in parts], ignore_index=True)",
    ]


def _odd_key(entry: FileEntry) -> str:
    key = entry.path.key
    odd = entry.path.scheme == "s3" and (
        key.startswith("/") or "//" in key or {".", ".."} & set(key.split("/"))
    )
    told = "# Hadoop changes this path (//, . and ..); c.files.read takes it as it is\n"
    return told if odd else ""


def _python(text: str) -> str:
    """Write a Python literal with double quotes; what does not print is escaped."""
    body = repr(f"'{text}")[2:-1]  # a leading ' makes repr choose the other quotes
    if '"' in text:
        return repr(text)
    return f'"{body}"'


def _sql(text: str) -> str:
    """Write a text of HiveQL, whose backslash escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else _u(c) for c in escaped) + "'"


def _u(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def _tick(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _table_name(entry: FileEntry) -> str:
    """Return a table's name made of a file's: letters, digits, underscores."""
    stem = entry.name.partition(".")[0]
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower()
    return name if name and not name[0].isdigit() else f"t_{name}".rstrip("_")


def _word(name: str) -> str:
    return name if re.fullmatch(r"[\w.:-]+", name) else f'"{name}"'
