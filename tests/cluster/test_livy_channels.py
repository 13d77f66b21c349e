"""The local driver's RPC: the Livy server is told by one channel and asks by another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from emr_nb.local.compiling import JavaSources
from emr_nb.local.parts import Cache
from emr_nb.local.repl import driver_classpath, driver_jar
from emr_nb.settings import cache_home

pytestmark = pytest.mark.cluster


@pytest.mark.usefixtures("local_cluster")  # whose parts are there then
def test_calls_of_two_channels_do_not_mix() -> None:
    """Livy's dispatcher keeps one header for all channels: a session could end as it started."""
    cache = Cache(cache_home())
    jars = [driver_jar(cache), *driver_classpath(cache)]
    folder = Path(__file__).with_name("livy_java")
    sources = JavaSources("two channels", "channels", folder, ("livy", "spark"), jars)
    path = os.pathsep.join(map(str, [sources.jar(cache), *jars]))
    done = subprocess.run(
        [cache.java() / "bin" / "java", "-cp", path, "org.apache.livy.rsc.rpc.TwoChannels"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["true 2", "true 2"], done.stderr
