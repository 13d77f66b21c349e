"""Questions of the notebook's stores, answered between two cells: `(question) -> (facts, bytes)`.

`op` is `info`, `names`, `walk` or `read` of this machine's disk (`disk`), or `stored`, a read
by Hadoop's client (`hadoop`). What the operating system refuses is an answer too: `errno` and
`problem`. Each answer tells where it was given: `host`, `user`, `primary` (None where the
machine does not know), `master` and `mode`.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket

from . import disk, hadoop

_INSTANCE = "/mnt/var/lib/info/instance.json"  # on machines of EMR
_OPS = {
    "info": lambda question: (disk.info(question), b""),
    "names": lambda question: (disk.names(question), b""),
    "walk": lambda question: (disk.walk(question), b""),
    "read": disk.read,
}
LISTS = ("entries", "last", "found", "left", "entry", "file")


def answer(question, spark):
    """Return facts and bytes; lists travel in the bytes, where they are compressed."""
    told = about(spark)
    try:
        if question["op"] != "stored":
            more, raw = _OPS[question["op"]](question)
        elif spark is None:
            more, raw = {"problem": "no Spark session lives in it"}, b""
        else:
            more, raw = hadoop.read(question, spark)
    except hadoop.RefusedError as error:
        more, raw = {"problem": str(error)}, b""
    except OSError as error:
        more, raw = {"errno": error.errno, "problem": error.strerror or str(error)}, b""
    listed = {key: more.pop(key) for key in LISTS if key in more}
    told.update(more)
    return told, json.dumps(listed).encode("ascii") if listed else raw


def about(spark):
    """Tell which machine this is and as whom it is looked at."""
    told = {"host": socket.gethostname(), "user": _user(), "primary": _is_primary()}
    told["master"] = told["mode"] = ""
    with contextlib.suppress(Exception):  # a stopped context tells nothing
        conf = spark.sparkContext.getConf()
        told["master"] = conf.get("spark.master", "")
        told["mode"] = conf.get("spark.submit.deployMode", "client")
    return told


def _user():
    try:
        return __import__("pwd").getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return getpass.getuser()


def _is_primary():
    try:
        with open(_INSTANCE) as file:  # noqa: PTH123
            return bool(json.load(file)["isMaster"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
