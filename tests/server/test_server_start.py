"""What a plain install enables, and what it costs a server that nobody asks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = "emr_nb/etc/emr_nb.json"
START = """
import sys
import jupyter_server.serverapp
before = set(sys.modules)
from jupyter_server.serverapp import ServerApp
app = ServerApp.instance()
app.init_signal = lambda: None
app.initialize(argv=["--allow-root", "--port=0", "--no-browser"], new_httpserver=False)
ours = app.extension_manager.extension_apps["emr_nb"]
assert ours
print("LOADED", *sorted(m for m in sys.modules if m.partition(".")[0] in ("emr_nb", "msgspec",
      "boto3", "pyarrow", "pandas", "moto")))
"""


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which the wheel's data file is where pip puts it."""
    place = home / "config" / "jupyter_server_config.d"
    place.mkdir(parents=True)
    shutil.copy(ROOT / DATA, place)
    folders = {f"JUPYTER_{n.upper()}_DIR": str(home / n) for n in ("config", "data", "runtime")}
    # JupyterLab asks any Node on the path for its registry; the tests show that none is needed
    alone = {"PYTHONPATH": str(ROOT), "HOME": str(home), "PATH": str(home)}
    return {**os.environ, **folders, **alone}


def run(command: list[str], home: Path) -> str:
    done = subprocess.run(
        command, env=environment(home), cwd=home, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def test_the_wheel_carries_the_file_that_enables_us():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared[DATA] == "etc/jupyter/jupyter_server_config.d/emr_nb.json"
    enabled = json.loads((ROOT / DATA).read_text())
    assert enabled == {"ServerApp": {"jpserver_extensions": {"emr_nb": True}}}


def test_the_list_of_extensions_shows_us_enabled(tmp_path):
    told = run([sys.executable, "-m", "jupyter_server.extension.serverextension", "list"], tmp_path)
    assert "emr_nb enabled" in told.replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert "emr_nb" in told.partition("Validating emr_nb")[2]
    assert "OK" in told


def test_a_server_that_nobody_asks_loads_one_module_of_ours(tmp_path):
    told = run([sys.executable, "-c", START], tmp_path)
    line = next(line for line in told.splitlines() if line.startswith("LOADED"))
    assert line.split()[1:] == ["emr_nb", "emr_nb.server", "emr_nb.server.app"]
