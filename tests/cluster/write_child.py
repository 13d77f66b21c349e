"""A kernel that dies: it pushes a frame, begins a `--to`, says where all lies, and is gone."""

import json
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from emr_nb.cluster import attach
from emr_nb.engines.inputs import local_input
from emr_nb.journal import Journal
from emr_nb.model import Request, SessionOptions, WriteTarget
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings


def main() -> None:
    target, home, journal, engine, place, sql = sys.argv[1:]
    settings = replace(Settings(), data_home=Path(home), request_timeout=60)
    cluster = attach(target, settings=settings, journal=Journal(Path(journal)))
    conf = {} if engine == "hive" else {"catalog": "hive", "schema": "default"}
    session = cluster.engine(engine).open(SessionOptions("emr_nb/tests/child", conf=conf))
    way = cluster.engine(engine).abilities.way
    session.stage([local_input("df", pa.table({"a": [1]}), way=way)], language="sql")
    request = Request(sql, "sql", uuid.uuid4().hex, target=WriteTarget(cluster.path(place)))
    request = replace(request, rows=-1)
    next(session.submit(request, plan_transfer(request)).events())
    schema, scratch = session.frames.schema()
    told = {"schema": schema, "home": str(scratch.home), "tag": request.tag}
    print(json.dumps(told), flush=True)
    os._exit(9)


main()
