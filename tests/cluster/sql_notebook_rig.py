"""A notebook on the local cluster with Hive and Trino, in this process or one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fault_rig import ROOT
from hive_rig import HiveRig, hive, run  # noqa: F401 -- a fixture

CHILD = Path(__file__).with_name("sql_notebook_child.py")


@dataclass
class Kernel:
    """A notebook in a process of its own; `run` gives a cell's text and whether it succeeded."""

    process: subprocess.Popen[str]
    attached: str = ""  # what the attach said

    def send(self, cell: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(textwrap.dedent(cell)) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the kernel has ended"
        found: dict[str, Any] = json.loads(line)
        return found

    def run(self, cell: str) -> dict[str, Any]:
        self.send(cell)
        return self.answer()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait(20)


@contextmanager
def kernel(hive: HiveRig, notebook: str) -> Iterator[Kernel]:  # noqa: F811
    """Start a notebook of this name with the cluster attached."""
    home = hive.clusters.settings.data_home
    env = {
        **os.environ,
        "EMR_NB_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "JPY_SESSION_NAME": notebook,
    }
    process = subprocess.Popen(
        [sys.executable, str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd=ROOT,
    )
    made = Kernel(process)
    try:
        name = hive.state.name
        attached = made.run(f"%emr attach {'local' if name == 'local' else f'local:{name}'}")
        assert attached["success"], attached["text"]
        made.attached = attached["text"]
        yield made
    finally:
        made.kill()


def rows_in(session: Any, code: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement on Hive; none where it has no table."""
    result = run(session, code)
    if result is None:
        return []
    return list(zip(*(column.to_pylist() for column in result.table.columns), strict=True))


@pytest.fixture(scope="session")
def sql(hive: HiveRig) -> HiveRig:  # noqa: F811
    """The cluster with Hive, and Trino on the same metastore."""
    return hive


@pytest.fixture(scope="module")
def book(sql: HiveRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with kernel(sql, str(tmp_path_factory.mktemp("book") / "sql.ipynb")) as made:
        yield made
