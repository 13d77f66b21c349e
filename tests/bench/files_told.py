"""`python -m tests.bench --files`: all figures of files, S3 and HDFS, in one run."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emr_nb.local.lifecycle import LocalClusters
from emr_nb.local.starting import start_saying
from emr_nb.settings import Settings, cache_home
from tests.bench import files_browser, files_hdfs, files_preview, files_s3
from tests.bench.cases import median, percentile

CLUSTER = "bench-hdfs"


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    s3: files_s3.Sizes = files_s3.FULL
    hdfs: files_hdfs.Sizes = files_hdfs.FULL
    preview: int = 1024  # MiB
    runs: int = 5


QUICK = Sizes(files_s3.Sizes(), files_hdfs.QUICK, 64, 1)


def measure(sizes: Sizes) -> dict[str, Any]:
    """Return all figures."""
    raw: dict[str, Any] = {"sizes": asdict(sizes)}
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as scratch:
        clusters = LocalClusters(Settings(data_home=Path(scratch)))
        state = start_saying(clusters, CLUSTER, lambda _: None, ("hdfs",))
        ports = dict(state.ports)
        url = f"http://localhost:{ports['namenode-http']}"
        before = os.environ.get("EMR_NB_HOME")
        os.environ["EMR_NB_HOME"] = scratch  # for the notebook's kernel
        try:
            raw["hdfs"] = files_hdfs.measure(
                ports, files_hdfs.rival_python(cache_home()), sizes.hdfs
            )
            raw["preview"] = files_preview.measure(url, sizes.preview, sizes.runs)
            raw["browser"] = files_browser.measure(
                f"local:{CLUSTER}", f"hdfs://{files_hdfs.MANY}", sizes.hdfs.entries
            )
        finally:
            if before is None:
                del os.environ["EMR_NB_HOME"]
            else:
                os.environ["EMR_NB_HOME"] = before
            clusters.stop(CLUSTER)
    print("  S3:", file=sys.stderr, flush=True)
    raw["s3"] = files_s3.measure(sizes.s3, files_s3.rivals_python(cache_home()))
    return raw


def markdown(raw: dict[str, Any], sizes: Sizes) -> str:
    """Return the tables, one a store and one of what is seen."""
    return "\n\n".join(
        (
            files_s3.markdown(raw["s3"], sizes.s3),
            files_hdfs.markdown(raw["hdfs"], sizes.hdfs),
            seen(raw, sizes),
        )
    )


def seen(raw: dict[str, Any], sizes: Sizes) -> str:
    """Return the table of the preview and the browser."""
    lines = ["| what | emr_nb | beside it |", "|---|---|---|"]

    def of(side: str, key: str) -> float:
        return median([run[key] for run in raw["preview"][side]])

    told = {
        side: f"{of(side, 'seconds') * 1000:.0f} ms, {of(side, 'bytes') / 2**20:.2f} MiB read"
        for side in files_preview.SIDES
    }
    what = (
        f"preview of a Parquet file of {sizes.preview:,} MiB in {files_preview.GROUPS} row groups"
    )
    lines.append(f"| {what} on HDFS | {told['emr_nb']} | pyarrow's defaults: {told['pyarrow']} |")
    browser = raw["browser"]
    name = f"`%emr browse` of {sizes.hdfs.entries:,} entries"
    if browser is None:
        return "\n".join([*lines, f"| {name} | not measured: no Chromium | |"])
    wheel, still = (percentile(browser[key], 0.95) for key in ("wheel", "still"))
    lines.append(
        f"| {name} on HDFS: cell run to first rows seen, to all of them | "
        f"{browser['first'] * 1000:.0f} ms, {browser['whole']:.1f} s | |"
    )
    lines.append(
        f"| … scrolled by the wheel, a frame, p95 | {wheel:.1f} ms | lying still {still:.1f} ms |"
    )
    lines.append(f"| … most rows in the document | {browser['rows']} | |")
    return "\n".join(lines)
