"""`python -m tests.bench --panel`: what the panel in JupyterLab costs, in one run."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.settings import Settings
from tests.bench import panel_attach, panel_idle, panel_start, panel_tree
from tests.bench.cases import median, percentile

CLUSTER = "bench-panel"


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    entries: int = 100_000
    pairs: int = 15
    starts: int = 5
    attaches: int = 5
    idle: float = 15.0  # minutes


QUICK = Sizes(20_000, 3, 2, 2, 1.0)


def measure(sizes: Sizes) -> dict[str, Any]:
    """Return all figures."""
    raw: dict[str, Any] = {"sizes": asdict(sizes)}

    def step(name: str, act: Callable[[], Any]) -> None:
        print(f"  {name} …", file=sys.stderr, flush=True)
        raw[name] = act()

    with cluster() as ports:
        step("bundle", panel_start.bundle)
        step("page", lambda: panel_start.page(sizes.starts))
        step("server", lambda: panel_start.server(sizes.pairs))
        step("tree", lambda: panel_tree.measure(sizes.entries))
        step("attach", lambda: panel_attach.measure(CLUSTER, sizes.attaches))
        step("idle", lambda: panel_idle.measure(ports["aws"], sizes.idle))
    return raw


@contextmanager
def cluster() -> Iterator[dict[str, int]]:
    """Give the ports of a local cluster with Spark."""
    before = os.environ.get("EMR_NB_HOME")
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as scratch:
        os.environ["EMR_NB_HOME"] = scratch
        clusters = LocalClusters(Settings(data_home=Path(scratch)))
        try:
            yield dict(start_saying(clusters, CLUSTER, lambda _: None).ports)
        finally:
            clusters.stop(CLUSTER)
            if before is None:
                del os.environ["EMR_NB_HOME"]
            else:
                os.environ["EMR_NB_HOME"] = before


def markdown(raw: dict[str, Any]) -> str:
    """Return the table, each figure beside its target."""
    rows = (*start_rows(raw), *tree_rows(raw["tree"]), attach_row(raw["attach"]),
            *idle_rows(raw["idle"]))  # fmt: skip
    lines = ["| what | measured | target | beside it |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def start_rows(raw: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    scripts, pages, starts = raw["bundle"], raw["page"], raw["server"]
    fetched = median([page["gzip"] for page in pages])
    plain = median([page["bytes"] for page in pages])
    ours, bare = median(starts["with"]), median(starts["without"])
    return [
        ("`remoteEntry`, compressed", kb(scripts["entry_gzip"]), "10 kB",
         f"{kb(scripts['entry'])} as it is"),
        ("loaded at start, compressed", kb(fetched), "60 kB", f"{kb(plain)} as it is"),
        ("all scripts, compressed", kb(scripts["all_gzip"]), "400 kB",
         f"{kb(scripts['all'])} as they are"),
        ("main thread until started, median", f"{median([p['ms'] for p in pages]):.0f} ms",
         "30 ms", f"{len(pages)} starts"),
        (f"start of a server, {len(starts['with'])} pairs by turns",
         f"{(ours - bare) * 1000:+.0f} ms", "+50 ms", f"{ours:.2f} s with, {bare:.2f} s without"),
    ]  # fmt: skip


def tree_rows(tree: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    entries = f"{tree['entries']:,} files"
    few = f"JupyterLab's own file browser with {tree['entries'] // panel_tree.NEIGHBOUR:,}"
    frames = f"{few}: {percentile(tree['jupyterlab'], 0.95):,.0f} ms"
    return [
        (f"tree of {entries}: rows in the document", str(tree["rows"]), "150",
         f"{few}: {tree['jupyterlab_rows']:,}"),
        ("… first rows after their data", f"{tree['opened']:.0f} ms", "200 ms", ""),
        ("… scrolled by the wheel, a frame, p95", f"{percentile(tree['tree'], 0.95):.0f} ms",
         "33 ms", f"{frames}; lying still {percentile(tree['still'], 0.95):.0f} ms"),
    ]  # fmt: skip


def attach_row(seconds: list[float]) -> tuple[str, str, str, str]:
    return ("“Attach” to attached, session warm, median", f"{median(seconds):.2f} s", "1 s",
            f"slowest of {len(seconds)}: {max(seconds):.2f} s")  # fmt: skip


def idle_rows(idle: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    minutes, memory = idle["seconds"] / 60, idle["memory"]
    scaled = minutes * panel_idle.SCALE
    change = (memory[-1] - memory[0]) / memory[0] * 100
    used = idle["cpu"][-1] / idle["seconds"] * 100
    what = f"{panel_idle.TABS} tabs, {minutes:.0f} idle minutes as {scaled:.0f}"
    return [
        (f"{what}: calls of EMR a minute", f"{idle['calls'] / scaled:.1f}", "6",
         f"{idle['calls']} in all, {panel_idle.CLUSTERS} clusters"),
        ("… the server's processor time, of a core", f"{used / panel_idle.SCALE:.2f} %", "1 %",
         f"{used:.1f} % as it was run"),
        ("… its memory, last beside first", f"{change:+.1f} %", "± 5 %", f"{memory[-1]:.0f} MiB"),
    ]  # fmt: skip


def kb(size: float) -> str:
    return f"{size / 1000:.1f} kB"
