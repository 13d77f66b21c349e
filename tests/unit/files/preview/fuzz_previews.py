"""Previews files that were real ones and had bytes changed: run as a child of test_preview_fuzz.

A child, because what it looks for may end a process. Whatever the bytes say, only our own errors
may come, and what is found can be written out. Prints how many were shown and refused.
"""

import gzip
import json
import random
import resource
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

sys.path.insert(0, str(Path(__file__).parent))
from preview_rig import RECORDED, every_type, look, unpacked

from emr_nb.errors import EmrError
from emr_nb.results.texts import rows_of

MOST_GROWTH = 400  # MiB of memory, from the first preview on


def files(folder: Path) -> list[Path]:
    """Write one file of each kind."""
    table = every_type(200)
    for codec, pages in (("none", "1.0"), ("snappy", "2.0"), ("zstd", "1.0"), ("lz4", "1.0")):
        name = folder / f"{codec}-{pages}.parquet"
        pq.write_table(table, name, compression=codec, data_page_version=pages, row_group_size=80)
    plain = table.select(["i64", "d", "s"])
    pq.write_table(
        plain, folder / "encoded.parquet", use_dictionary=False,
        column_encoding={"i64": "DELTA_BINARY_PACKED", "d": "BYTE_STREAM_SPLIT",
                         "s": "DELTA_BYTE_ARRAY"},
    )  # fmt: skip
    for codec in ("uncompressed", "zlib", "snappy", "zstd"):
        some = table.drop_columns(["u32", "nothing", "fixed"])
        orc.write_table(some, folder / f"{codec}.orc", compression=codec)
    for codec in (None, "lz4", "zstd"):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        for new, ending in ((pa.ipc.new_file, "arrow"), (pa.ipc.new_stream, "arrows")):
            with new(folder / f"{codec}.{ending}", table.schema, options=options) as writer:
                writer.write_table(table, max_chunksize=80)
    for recorded in RECORDED.glob("*.avro"):
        shutil.copy(recorded, folder)
    text = "id,name,x\n" + "".join(f'{n},"n ""{n}""",{n / 7}\n' for n in range(100))
    (folder / "a.csv").write_text(text)
    (folder / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    lines = [json.dumps({"a": n, "b": [n, {"c": None}], "d": {"e": n / 3}}) for n in range(50)]
    (folder / "a.jsonl").write_text("\n".join(lines))
    return sorted(folder.iterdir())


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return bytes that are cut, or changed at the places where headers and footers are."""
    out = bytearray(data)
    if chance.random() < 0.15:
        return bytes(out[: chance.randrange(len(out) + 1)])
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if not out:
            break
        at = chance.choice(
            (
                chance.randrange(min(len(out), 300)),
                len(out) - 1 - chance.randrange(min(len(out), 2000)),
                chance.randrange(len(out)),
            )
        )
        how = chance.random()
        if how < 0.5:
            out[at] = chance.randrange(256)
        elif how < 0.7:
            out[at : at + 4] = bytes([chance.choice((0, 0x7F, 0x80, 0xFF))]) * chance.choice(
                (1, 4, 8)
            )
        elif how < 0.85:
            del out[at : at + chance.randrange(1, 30)]
        else:
            out[at:at] = out[:20]
    return bytes(out)


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tried(path: Path) -> bool:
    """Preview one; tell whether it was shown. Anything but an error of ours comes through."""
    try:
        found = look(path)
    except EmrError:
        return False
    rows_of(found.rows)
    str(found.schema)
    return True


def main(seed: int, times: int, work: Path) -> None:
    chance = random.Random(seed)
    shown = refused = 0
    (work / "seeds").mkdir()
    seeds = files(work / "seeds")
    tables = [unpacked(name, work) for name in ("delta", "delta_checkpoint", "iceberg")]
    assert all(tried(path) for path in [*seeds, *tables])
    begin = memory()
    for path in seeds:
        data, target = path.read_bytes(), work / path.name
        for _ in range(times):
            target.write_bytes(changed(data, chance))
            ok = tried(target)
            shown, refused = shown + ok, refused + (not ok)
    for table in tables:
        inner = sorted(p for p in table.rglob("*") if p.is_file())
        for _ in range(times * 4):
            victim = chance.choice(inner)
            data = victim.read_bytes()
            victim.write_bytes(changed(data, chance))
            ok = tried(table)
            shown, refused = shown + ok, refused + (not ok)
            victim.write_bytes(data)
    assert memory() - begin < MOST_GROWTH, f"{memory() - begin} MiB more"
    print(f"shown {shown} refused {refused}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
