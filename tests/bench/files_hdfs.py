"""HDFS: listing 100,000 entries and reading 1 GiB, beside the `hdfs` package and a plain stream.

`python -m tests.bench.files_hdfs [--quick]` prints the table. Every side runs in a process of
its own, by turns, against one NameNode and one DataNode; the slow line (20 ms and 50 MB/s a
connection) is the same for all.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.settings import Settings, cache_home
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from tests.bench.cases import median

HDFS_PACKAGE = "hdfs==2.7.3"
DELAY, RATE = 0.02, 50e6
SIDES = ("emr_nb", "native", "hdfs", "stream")  # native: emr_nb[fast-hdfs]
_FILLERS = 8
MANY, BIG = "/tmp/bench/many", "/tmp/bench/big"

Answers = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Sizes:
    """How much is listed and read, and how often."""

    entries: int = 100_000
    mebibytes: int = 1024
    runs: int = 5


FULL = Sizes()
QUICK = Sizes(entries=5_000, mebibytes=64, runs=1)


def measure(ports: dict[str, int], python: Path, sizes: Sizes) -> dict[str, Answers]:
    """Run all sides by turns on a NameNode whose ports these are."""
    url = f"http://localhost:{ports['namenode-http']}"
    fill(ports["namenode-http"], MANY, sizes.entries)
    write(url, BIG, sizes.mebibytes)
    found = {
        "list": turns(python, "list", url, MANY, sizes.runs),
        "read": turns(python, "read", url, BIG, sizes.runs, ports["namenode-rpc"]),
    }
    with slow(ports) as late:
        found["slow"] = turns(python, "read", late, BIG, min(sizes.runs, 3))
    return found


def turns(python: Path, task: str, url: str, path: str, runs: int, rpc: int = 0) -> Answers:
    """Run each side once and discard it, then `runs` times by turns; `rpc` is HDFS's own port."""
    found: Answers = {side: [] for side in SIDES}
    for number in range(runs + 1):
        for side in SIDES:
            if side == "native" and not rpc:
                continue
            answer = once(python, side, task, url, path, str(rpc))
            if number:
                found[side].append(answer)
        print(f"  {task}: {number} of {runs}", file=sys.stderr, flush=True)
    return found


def once(python: Path, side: str, task: str, *args: str) -> dict[str, Any]:
    """Run one side in a process of its own."""
    worker = Path(__file__).with_name("files_hdfs_worker.py")
    command = [str(python) if side == "hdfs" else sys.executable, str(worker), side, task]
    done = subprocess.run([*command, *args], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def fill(port: int, folder: str, count: int) -> None:
    """Make that many entries; folders, since they need no DataNode."""

    def work(first: int) -> None:
        line = http.client.HTTPConnection("localhost", port)
        for number in range(first, count, _FILLERS):
            target = f"/webhdfs/v1{folder}/part-{number:06d}?op=MKDIRS&user.name=anna"
            line.request("PUT", target)
            reply = line.getresponse()
            reply.read()
            assert reply.status == 200, reply.status

    threads = [threading.Thread(target=work, args=(first,)) for first in range(_FILLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def write(url: str, path: str, mebibytes: int) -> None:
    """Write a file of bytes that do not repeat within a block."""
    import random

    from emr_nb.model import FilePath
    from tests.bench.files_hdfs_worker import ours

    store, chance = ours(url), random.Random(1)
    pieces = (chance.randbytes(1 << 20) for _ in range(mebibytes))
    store.write(FilePath("hdfs", "", path), pieces, overwrite=True)


@contextmanager
def slow(ports: dict[str, int]) -> Iterator[str]:
    """Put the slow line before NameNode and DataNode; yield the NameNode's URL there."""
    with FaultProxy("localhost", ports["namenode-http"]) as namenode:
        lines = [_line(ports["datanode-http"]), _line(namenode.port)]
        try:
            datanode, front = (int(line.stdout.readline()) for line in lines if line.stdout)
            namenode.add(
                Rule("GET", "op=OPEN", "rewrite",
                     find=f":{ports['datanode-http']}/", replace=f":{datanode}/")
            )  # fmt: skip
            yield f"http://localhost:{front}"
        finally:
            for line in lines:
                line.terminate()
                line.wait()
                if line.stdout:
                    line.stdout.close()


def _line(port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "emr_nb.testing.slow_line", "localhost", str(port)]
    return subprocess.Popen([*command, str(DELAY), str(RATE)], stdout=subprocess.PIPE, text=True)


def markdown(found: dict[str, Answers], sizes: Sizes) -> str:
    """Return the table: ours, the package's, one plain stream's, and the ratio to reach."""
    listed, read, late = found["list"], found["read"], found["slow"]

    def of(answers: Answers, side: str, key: str) -> float:
        return median([answer[key] for answer in answers[side]])

    def row(what: str, answers: Answers, key: str, other: str, ratio: float) -> str:
        cells = " | ".join(
            f"{of(answers, side, key):.3f} s" if answers[side] else "–" for side in SIDES
        )
        return f"| {what} | {cells} | {ratio:.2f}× {other} |"

    def over(answers: Answers, key: str, side: str) -> float:
        return of(answers, side, key) / of(answers, "emr_nb", key)

    whole = f"list {sizes.entries:,} entries"
    size = f"read {sizes.mebibytes:,} MiB"
    memory = max(answer["memory"] for answer in [*read["emr_nb"], *late["emr_nb"]])
    return "\n".join(
        (
            "| what | emr_nb | emr_nb[fast-hdfs] | hdfs 2.7 | one plain stream | |",
            "|---|---|---|---|---|---|",
            row(f"{whole}: the first 1,000", listed, "first", "of one RPC's time",
                1 / over(listed, "first", "stream")),
            row(f"{whole} (stream: one page)", listed, "seconds", "as fast as `hdfs`",
                over(listed, "seconds", "hdfs")),
            row(f"{whole}, processor time", listed, "cpu", "of `hdfs`'s",
                1 / over(listed, "cpu", "hdfs")),
            row(f"{size}, loopback", read, "seconds", "as fast as one stream",
                over(read, "seconds", "stream")),
            row("… with hdfs-native", read, "seconds", "as fast as one stream",
                of(read, "stream", "seconds") / of(read, "native", "seconds")),
            row(f"{size}, 20 ms and 50 MB/s a stream", late, "seconds", "as fast as one stream",
                over(late, "seconds", "stream")),
            f"| … more memory | {memory / 2**20:.0f} MiB | | | | |",
        )
    )  # fmt: skip


def rival_python(cache: Path) -> Path:
    """Return the Python that has the `hdfs` package."""
    home = cache / "bench-hdfs-2.7.3"
    python, done = home / "bin" / "python", home / ".done"
    if not done.exists():
        print("making the environment of the hdfs package …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", HDFS_PACKAGE], check=True)
        done.touch()
    return python


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.files_hdfs", description=__doc__)
    options.add_argument("--quick", action="store_true", help="5,000 entries, 64 MiB, one run")
    options.add_argument("--home", type=Path, help="join the cluster `bench-hdfs` of this home")
    chosen = options.parse_args()
    sizes = QUICK if chosen.quick else FULL
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as scratch:
        clusters = LocalClusters(Settings(data_home=chosen.home or Path(scratch)))
        state = start_saying(clusters, "bench-hdfs", lambda _: None, ("hdfs",))
        try:
            found = measure(dict(state.ports), rival_python(cache_home()), sizes)
        finally:
            if not chosen.home:
                clusters.stop("bench-hdfs")
    print(markdown(found, sizes))


if __name__ == "__main__":
    main()
