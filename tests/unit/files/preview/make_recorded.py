"""Makes what lies in `recorded/`, by the libraries that others write such files with.

Run by hand: pip install fastavro 'pyiceberg[sql-sqlite]' deltalake; python make_recorded.py
"""

import datetime as dt
import decimal
import shutil
import tarfile
from pathlib import Path

import pyarrow as pa

HERE = Path(__file__).parent / "recorded"
WORK = Path("/tmp/lakes")  # stands in the metadata: tables are read where they were moved to

AVRO = {
    "type": "record", "name": "R", "namespace": "a.b", "fields": [
        {"name": "i", "type": "int"}, {"name": "l", "type": ["null", "long"]},
        {"name": "f", "type": "float"}, {"name": "d", "type": "double"},
        {"name": "b", "type": "boolean"}, {"name": "s", "type": ["string", "null"]},
        {"name": "by", "type": "bytes"},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}},
        {"name": "fx", "type": {"type": "fixed", "name": "F", "size": 4}},
        {"name": "arr", "type": {"type": "array", "items": ["null", "int"]}},
        {"name": "m", "type": {"type": "map", "values": "long"}},
        {"name": "r", "type": {"type": "record", "name": "S", "fields": [
            {"name": "x", "type": "int"},
            {"name": "y", "type": ["null", {"type": "array", "items": "string"}]}]}},
        {"name": "r2", "type": ["null", "S"]},
        {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20,
                                 "scale": 3}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "tm", "type": {"type": "long", "logicalType": "time-micros"}},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "lts", "type": [
            "null", {"type": "long", "logicalType": "local-timestamp-millis"}]},
        {"name": "u", "type": ["null", "int", "string"]}, {"name": "n", "type": "null"},
    ],
}  # fmt: skip


def record(i):
    return {
        "i": i - 5, "l": None if i % 3 else i * 10**12, "f": i / 2, "d": i / 3, "b": i % 2 == 0,
        "s": None if i % 4 == 1 else f"tëxt {i}", "by": bytes([i % 256] * 3), "e": "ABC"[i % 3],
        "fx": b"abcd", "arr": [None if j % 2 else j for j in range(i % 4)],
        "m": {f"k{j}": j for j in range(i % 3)},
        "r": {"x": i, "y": None if i % 2 else ["q"] * min(i, 4)},
        "r2": None if i % 2 else {"x": 1, "y": ["z"]}, "dec": decimal.Decimal(i - 3) / 8,
        "day": dt.date(2020, 1, 1) + dt.timedelta(i), "tm": dt.time(1, 2, 3, i),
        "ts": dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=i),
        "lts": dt.datetime.fromisoformat("2021-01-01") + dt.timedelta(seconds=i),
        "u": [None, i, f"u{i}"][i % 3], "n": None,
    }  # fmt: skip


def avro():
    import fastavro

    for codec in ("null", "deflate", "bzip2", "xz"):
        with (HERE / f"{codec}.avro").open("wb") as file:
            rows = [record(i) for i in range(60)]
            fastavro.writer(file, AVRO, rows, codec=codec, sync_interval=2000)
    with (HERE / "empty.avro").open("wb") as file:
        fastavro.writer(file, AVRO, [])
    with (HERE / "longs.avro").open("wb") as file:
        fastavro.writer(file, "long", [1, 2, 3])


def rows(first, last):
    numbers = range(first, last)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "name": [f"n{i}" for i in numbers],
            "price": pa.array([decimal.Decimal(i) / 4 for i in numbers], pa.decimal128(10, 2)),
            "day": [dt.date(2024, 1, 1 + i % 2) for i in numbers],
        }
    )


def delta():
    from deltalake import DeltaTable, write_deltalake

    here = str(WORK / "delta")
    write_deltalake(here, rows(0, 10), partition_by=["day"])
    write_deltalake(here, rows(10, 20), mode="append")
    DeltaTable(here).delete("id = 3")
    more = rows(20, 24).append_column("extra", pa.array([1.5] * 4))
    write_deltalake(here, more, mode="append", schema_mode="merge")
    here = str(WORK / "delta_checkpoint")
    write_deltalake(here, rows(0, 10))
    for i in range(3):
        write_deltalake(here, rows(10 * i + 10, 10 * i + 20), mode="append")
    DeltaTable(here).create_checkpoint()
    write_deltalake(here, rows(100, 110), mode="append")


def iceberg():
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.transforms import IdentityTransform
    from pyiceberg.types import StringType

    catalog = SqlCatalog("x", uri=f"sqlite:///{WORK}/c.db", warehouse=f"file://{WORK}/ice")
    catalog.create_namespace("db")
    table = catalog.create_table("db.t", schema=rows(0, 1).schema)
    with table.update_spec() as spec:
        spec.add_field("day", IdentityTransform(), "day")
    table.append(rows(0, 10))
    table.append(rows(10, 20))
    with table.update_schema() as schema:
        schema.rename_column("name", "label")
    with table.update_schema() as schema:
        schema.add_column("note", StringType())
    more = rows(20, 24).rename_columns(["id", "label", "price", "day"])
    table.append(more.append_column("note", pa.array(["hey"] * 4)))
    table.delete("id = 3")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "ice").mkdir(parents=True)
    HERE.mkdir(exist_ok=True)
    avro()
    delta()
    iceberg()
    for name, place in (("delta", "delta"), ("delta_checkpoint",) * 2, ("iceberg", "ice/db/t")):
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as pack:
            pack.add(WORK / place, name)
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
