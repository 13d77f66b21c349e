"""Reads HDFS by hdfs-native in a process of its own: a script that imports nothing of ours.

hdfs-native takes whom to be from the environment alone, and a call of it neither ends in time
nor can be interrupted: here both harm nobody, since whoever started this may end it.

The cluster is told on the command line, as JSON. Each line of standard input, a socket, asks
for a range; the answer is `-` where HDFS or hdfs-native says no, else `+` and the range's
bytes. What breaks in between ends the process: whoever reads counts the bytes.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import sys
import threading
from typing import Any


def main() -> None:
    """Answer requests until the socket is closed."""
    from hdfs_native import Client

    told = json.loads(sys.argv[1])
    line = socket.socket(fileno=0)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(line, requests), daemon=True).start()
    client = Client(told["url"], told["config"])
    while True:
        _answer(client, line, requests.get())


def _listen(line: socket.socket, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take requests; where nobody is left who could make one, end whatever runs here."""
    try:
        with line.makefile("rb") as lines:
            for text in lines:
                requests.put(json.loads(text))
    finally:
        os._exit(0)


def _answer(client: Any, line: socket.socket, asked: dict[str, Any]) -> None:
    start, end = asked["start"], asked["end"]
    try:
        found = client.get_file_info(asked["path"])
        reader = client.read(asked["path"])
        if (found.length, found.modification_time) != (asked["size"], asked["modified"]):
            raise ValueError("it is another file by now")
        if reader.size != asked["size"]:
            raise ValueError("a part of it is being written")
    except Exception as error:
        if not _is_an_answer(error):
            raise
        line.sendall(b"-")
        return
    line.sendall(b"+")
    left = end - start
    for piece in reader.read_range_stream(start, left):
        left -= len(piece)
        if left < 0:
            break
        line.sendall(piece)
    if left:
        raise OSError("hdfs-native gave other bytes than were asked for")


def _is_an_answer(error: Exception) -> bool:
    """Tell a no of HDFS, or of what hdfs-native does not support, from a way that failed."""
    # its errors have no classes of their own: an RPC's is a RuntimeError that spells this
    return isinstance(
        error, (ValueError, FileNotFoundError, IsADirectoryError, NotImplementedError)
    ) or str(error).startswith("RPCError(")


if __name__ == "__main__":
    try:
        main()
    finally:
        os._exit(1)  # not even its threads are waited for
