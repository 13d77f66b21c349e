"""The cluster of the SQL bench: started for it, or a running one that is joined."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emr_nb.local.lifecycle import LocalClusters
from emr_nb.settings import Settings

APPS = "hdfs,spark,hive,trino,aws"


@contextmanager
def cluster(home: Path | None = None) -> Iterator[dict[str, int]]:
    """Yield the ports of a cluster with Hive and Trino: that of a home, or one ended afterwards."""
    if home is not None:
        with at_home(home):
            yield ports(home)
        return
    command = [sys.executable, "-m", "emr_nb.cli", "local"]
    with tempfile.TemporaryDirectory(prefix="emr-nb-bench-") as made, at_home(Path(made)):
        starting = [*command, "start", "--apps", APPS]
        subprocess.run(starting, check=True, stdout=sys.stderr, timeout=900)
        try:
            yield ports(Path(made))
        finally:
            subprocess.run([*command, "stop"], check=True, stdout=sys.stderr, timeout=300)


def ports(home: Path) -> dict[str, int]:
    return dict(LocalClusters(replace(Settings(), data_home=home)).state("local").ports)


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let `attach("local")` find the cluster of a home."""
    before = os.environ.get("EMR_NB_HOME")
    os.environ["EMR_NB_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["EMR_NB_HOME"]
        else:
            os.environ["EMR_NB_HOME"] = before
