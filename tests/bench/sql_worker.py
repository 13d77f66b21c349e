"""One SQL client in a process of its own, asked on stdin, answering with times and digests.

Run as a script by the Python that has the client. Requests and replies are JSON lines.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
import time
from typing import Any

COLUMNS = ("whole", "real", "text", "decimal", "time", "date")


def main() -> None:
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    client: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        do = asked.pop("do")
        if do == "connect":
            client, answer = connect(**asked), {}
        else:
            answer = {"frame": frame, "lasting": lasting, "values": values}[do](client, **asked)
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def connect(client: str, port: int, **options: Any) -> Any:
    from sql_clients import CLIENTS

    if client.startswith("discard"):
        from sql_ours import DISCARDING

        return DISCARDING[client](port, **options)
    return CLIENTS[client](port, **options)


def frame(client: Any, sql: str, digest: bool = False) -> dict[str, Any]:
    """Run a query to its pandas DataFrame; the digest of its values is outside the times."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    found = client.frame(sql)
    answer: dict[str, Any] = {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "rows": found if isinstance(found, int) else len(found),
    }
    if digest:
        answer["digest"] = digests(found)
        answer["dtypes"] = [str(kind) for kind in found.dtypes]
    return answer


def lasting(client: Any, sql: str, times: int) -> dict[str, Any]:
    """Run a short query again and again: what each took beyond the engine's own time."""
    found = [client.cost(sql.format(number)) for number in range(times)]
    return {"whole": [whole for whole, _ in found], "own": [own for _, own in found]}


def values(client: Any, statements: list[str]) -> dict[str, Any]:
    """Tell the first column of each statement's rows; where the client raises, a text."""
    from sql_told import tell

    told: list[Any] = []
    for sql in statements:
        try:
            rows = client.rows(sql)
            told.append([tell(row[0]) for row in rows or ()])
        except Exception as error:
            told.append(str(error))
    return {"values": told}


def digests(found: Any) -> list[str]:
    """Return a digest per column of values in one spelling, whatever their Python types are."""
    made = []
    for at, kind in enumerate(COLUMNS):
        spelled = "\n".join(SPELLED[kind](found.iloc[:, at]))
        made.append(hashlib.sha256(spelled.encode()).hexdigest()[:16])
    return made


def nulls(column: Any) -> Any:
    return column.isna().to_numpy()


def each(column: Any, spell: Any) -> Any:
    pairs = zip(nulls(column), column, strict=True)
    return ("null" if null else spell(value) for null, value in pairs)


def times(column: Any) -> Any:
    import pandas as pd

    return each(pd.to_datetime(column).astype("datetime64[us]"), lambda value: value.isoformat())


SPELLED = {
    "whole": lambda column: each(column, lambda value: str(int(value))),
    "real": lambda column: each(column, lambda value: repr(float(value))),
    "text": lambda column: each(column, str),
    "decimal": lambda column: each(column, str),
    "time": times,
    "date": lambda column: each(column, lambda value: str(value)[:10]),
}


if __name__ == "__main__":
    main()
