"""The page's side of the file browser, and the stores that it looks at."""

from __future__ import annotations

import json
import time

from emr_nb.model import FilePath
from emr_nb.notebook.browser.view import Pools, View
from emr_nb.testing.fake_engine import FakeCluster, MemoryFileSystem

HERE = FilePath("hdfs", "", "/d")


class PageSide:
    """A page: asks, and waits for answers."""

    def __init__(self, store: MemoryFileSystem, start: FilePath = HERE) -> None:
        self.cluster = FakeCluster()
        self.cluster.stores[start.scheme] = store
        self.got: list[dict] = []
        self.seq = 0
        self.view = View(self.cluster, start, Pools(), self._take)
        self.view.begin()

    def _take(self, message: dict) -> None:
        json.dumps(message, ensure_ascii=False).encode()  # what a kernel makes of it
        self.got.append(message)

    def ask(self, type_: str, **more: object) -> int:
        self.seq += 1
        last = next((m["listing"] for m in reversed(self.got) if m["type"] == "folder"), 0)
        self.view.receive({"listing": last, **more, "type": type_, "seq": self.seq})
        return self.seq

    def wait(self, type_: str, **having: object) -> dict:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for message in self.got[:]:
                if message["type"] == type_ and all(message.get(k) == v for k, v in having.items()):
                    return message
            time.sleep(0.005)
        raise AssertionError(f"no {type_} {having} in {self.got}")

    def rows(self, **more: object) -> dict:
        seq = self.ask("rows", **{"start": 0, "count": 100, **more})
        return self.wait("rows", seq=seq)

    def id(self, name: str) -> int:
        found = self.rows()
        return next(i for i, r in zip(found["ids"], found["rows"], strict=True) if r[0] == name)


def memory(*names: str, cls: type = MemoryFileSystem, data: bytes = b"x", **more: object):
    return cls("hdfs", {f"hdfs:///d/{name}": data for name in names}, **more)


def shown(found: dict) -> list[str]:
    return [row[0] for row in found["rows"]]
