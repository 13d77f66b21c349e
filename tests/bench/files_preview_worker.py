"""One side of the preview's figures in a process of its own: `python FILE SIDE URL PATH`.

It prints a JSON object: seconds from the question to what is shown, bytes read, rows in all.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import FilePath

FIRST_ROWS = 20


def counted(url: str) -> tuple[WebHdfs, list[int]]:
    """Return a store, and the list that it appends the sizes of what it gave to."""
    from tests.bench.files_hdfs_worker import ours

    store, sizes = ours(url), []
    read = store.read

    def counting(path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        for piece in read(path, start, length):
            sizes.append(len(piece))
            yield piece

    store.read = counting
    return store, sizes


def emr_nb(store: WebHdfs, path: FilePath) -> int:
    from emr_nb.files.preview import Options, preview

    shown = preview(store, path, Options(rows=FIRST_ROWS))
    assert shown.rows.num_rows == FIRST_ROWS
    assert shown.total_rows is not None
    return shown.total_rows


def pyarrow(store: WebHdfs, path: FilePath) -> int:
    """What pyarrow reads by default for schema and first rows, over the same store."""
    import pyarrow.parquet as pq

    from emr_nb.files.opened import open_file

    file = pq.ParquetFile(open_file(store, path, "rb"))
    batch = next(file.iter_batches(FIRST_ROWS))
    assert batch.num_rows == FIRST_ROWS
    rows: int = file.metadata.num_rows
    return rows


def main(side: str, url: str, place: str) -> None:
    store, sizes = counted(url)
    path = FilePath("hdfs", "", place)
    store.info(FilePath("hdfs", "", "/"))  # imports and the first connection
    began = time.perf_counter()
    rows = {"emr_nb": emr_nb, "pyarrow": pyarrow}[side](store, path)
    told: dict[str, Any] = {"seconds": time.perf_counter() - began, "bytes": sum(sizes)}
    print(json.dumps({**told, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
