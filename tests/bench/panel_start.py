"""What the labextension costs: bytes, main-thread time until JupyterLab has started, server start.

A page's time is what Chromium's sampling profiler finds in scripts of ours, and in the browser's
own code that these call, from navigation to three seconds after JupyterLab has started. A
server's is from its process's begin to its first answer, by turns with and without us.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.panel_rig import LONG, OURS, laboratory, parts

INTERVAL = 100  # microseconds between two samples
SETTLED = 3_000  # ms after the start
OTHERS = ("jupyterlab", "jupyter_lsp", "jupyter_server_terminals", "notebook", "notebook_shim")


def bundle() -> dict[str, int]:
    """Return bytes of scripts: the entry's, and of all, as they are and by gzip."""
    static = parts()[1] / "static"
    if any(static.glob("*.js.map")):
        raise SystemExit(f"{static} is a development build, twice as large: see build:prod.")
    scripts = [*static.glob("*.js")]
    entry = [path for path in scripts if path.name.startswith("remoteEntry")]
    return {
        "entry": sum(p.stat().st_size for p in entry),
        "entry_gzip": sum(compressed(p) for p in entry),
        "all": sum(p.stat().st_size for p in scripts),
        "all_gzip": sum(compressed(p) for p in scripts),
    }


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def page(runs: int) -> list[dict[str, Any]]:
    """Return a start each: milliseconds of ours on the main thread, and what it fetched."""
    found = []
    with laboratory() as lab:
        static = parts()[1]
        for _ in range(runs + 1):  # the first compiles what the others find compiled
            session = lab.page.context.new_cdp_session(lab.page)
            session.send("Profiler.enable")
            session.send("Profiler.setSamplingInterval", {"interval": INTERVAL})
            session.send("Profiler.start")
            lab.page.goto(f"{lab.server.url}/lab?reset&token={lab.server.token}")
            lab.page.wait_for_function(
                "async () => window.jupyterapp && (await window.jupyterapp.started, true)",
                timeout=LONG,
            )
            lab.page.wait_for_timeout(SETTLED)
            profile = session.send("Profiler.stop")["profile"]
            session.detach()
            names = lab.page.evaluate(
                "ours => performance.getEntriesByType('resource').map(e => e.name)"
                ".filter(name => name.includes(ours))",
                OURS,
            )
            files = {static / name.partition(OURS)[2].partition("?")[0] for name in names}
            there = [path for path in files if path.is_file()]
            found.append({
                "ms": ours(profile) / 1000,
                "bytes": sum(path.stat().st_size for path in there),
                "gzip": sum(compressed(path) for path in there),
            })  # fmt: skip
    return found[1:]


def ours(profile: dict[str, Any]) -> float:
    """Return the microseconds of samples in our scripts, or in native code that they called."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    above = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}

    def is_ours(number: int | None) -> bool:
        while number is not None and not nodes[number]["callFrame"]["url"]:
            number = above.get(number)
        return number is not None and OURS in nodes[number]["callFrame"]["url"]

    known = {number: is_ours(number) for number in nodes}
    spent = zip(profile["samples"], profile["timeDeltas"], strict=True)
    return float(sum(delta for sample, delta in spent if known[sample]))


def server(pairs: int) -> dict[str, list[float]]:
    """Return the seconds of server starts, by turns with and without us."""
    found: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(pairs + 1):
        for side in ("with", "without") if number % 2 else ("without", "with"):
            seconds = started(enabled=side == "with")
            if number:
                found[side].append(seconds)
    return found


def started(*, enabled: bool) -> float:
    """Start a server without the other extensions; returns the seconds to its first answer."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        extensions = dict.fromkeys(OTHERS, False) | {"emr_nb": enabled}
        config = {"ServerApp": {"jpserver_extensions": extensions}}
        Path(home, "jupyter_server_config.json").write_text(json.dumps(config))
        folders = {f"JUPYTER_{n}_DIR": home for n in ("CONFIG", "DATA", "RUNTIME")}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
             "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=x"],
            cwd=home, env={**os.environ, **folders},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until = began + 60
            while time.perf_counter() < until and process.poll() is None:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=x", timeout=5):
                        return time.perf_counter() - began
                except (urllib.error.URLError, OSError):
                    time.sleep(0.005)
            raise RuntimeError("the server did not start")
        finally:
            process.terminate()
            process.wait(20)
