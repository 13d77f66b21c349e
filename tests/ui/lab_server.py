"""A JupyterLab server of a test's own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
# JupyterLab asks a Node for its registry whenever it is imported, and does without where there
# is none; the tests have to show that none is needed, so it finds none. jsonschema makes forty
# grammars of formats that no notebook has: seconds of every start
_START = """
import sys
sys.modules["rfc3987_syntax"] = None
from jupyterlab_server import process
found = process.which
def which(command, env=None):
    if command == "node":
        raise ValueError("no Node here")
    return found(command, env)
process.which = which
from jupyterlab import labapp
labapp.main()
"""
_NO_BUILD = {"page_config_data": {"buildAvailable": False, "buildCheck": False}}
_SETTINGS = {
    # nothing is asked of the network, and nothing covers the page
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": (
        '{"fetchNews": "false", "checkForUpdates": false}'
    ),
}


class LabServer:
    """A `jupyter lab` of its own: own port, token, configuration, data; kernels end with it."""

    def __init__(self, root: Path, home: Path, labextension: Path) -> None:
        self.root = root
        self.token = secrets.token_hex(16)
        self.url = ""
        self.kernels = True  # whether any can be chosen
        self._home = home
        self._ours = True
        self._process: subprocess.Popen[bytes] | None = None
        links = home / "labextensions"
        links.mkdir(parents=True, exist_ok=True)
        if labextension.parent.name != "labextensions":
            (links / "emr-nb").symlink_to(labextension)
        settings = home / "config" / "lab" / "user-settings"
        for name, text in _SETTINGS.items():
            path = settings / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @property
    def log(self) -> Path:
        return self._home / "server.log"

    @property
    def data(self) -> Path:
        return self._home / "data"

    def start(self, *, kernels: bool = True, ours: bool = True, timeout: float = 60) -> None:
        """Start and wait until it answers; without `kernels` there is none to choose.

        Without `ours` the server part of emr_nb is not enabled.
        """
        self.kernels = kernels
        self._ours = ours
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(port, kernels=kernels),
                cwd=self.root, env=self._environment(), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and, with it, its kernels."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def kill(self) -> None:
        """End the server as a crash does: it says nothing to its kernels."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def forget_trust(self) -> None:
        """Make every notebook one that came from elsewhere; the server must be stopped."""
        for name in ("nbsignatures.db", "notebook_secret"):
            (self._home / "data" / name).unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _command(self, port: int, *, kernels: bool) -> list[str]:
        command = [
            sys.executable, "-c", _START,
            "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",  # the other asks the network
            # lsp would look for a Node, which nobody needs; ours is enabled where it is installed
            f"--ServerApp.jpserver_extensions={{'jupyter_lsp': False, 'emr_nb': {self._ours}}}",
            f"--ServerApp.tornado_settings={_NO_BUILD}",
            f"--LabApp.extra_labextensions_path={self._home / 'labextensions'}",
        ]  # fmt: skip
        if os.getuid() == 0:
            command.append("--allow-root")
        if not kernels:
            command.append("--KernelSpecManager.ensure_native_kernel=False")
            command.append("--KernelSpecManager.allowed_kernelspecs=none")
        return command

    def _environment(self) -> dict[str, str]:
        home = self._home
        return os.environ | {
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_NO_CONFIG": "",
            # the kernels see the package under test, installed or not
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")])
            ),
        }
