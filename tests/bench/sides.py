"""The two sides, each a worker process with its own environment, session and spelling of cells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("worker.py")


class Side:
    """A worker process; `cell` and `collect` spell what both sides are asked alike."""

    name = ""

    def __init__(self, python: Path | str, livy: str, env: dict[str, str]) -> None:
        self.livy = livy
        self.session = -1
        self.last = -1
        self._env = {**os.environ, **env, "PYTHONPATH": ""}
        self._process = subprocess.Popen(
            [str(python), str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("BENCH_NOISE") else None,
            text=True,
            env=self._env,
            cwd=tempfile.gettempdir(),
        )

    def ask(self, do: str, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.name} ended")
        return json.loads(line)

    def run(self, cell: str, *, told: bool = True) -> dict[str, Any]:
        """Run a cell; `told` adds Livy's own times of the statements that it made."""
        more = {"livy": self.livy, "session": self.session, "after": self.last} if told else {}
        answer = self.ask("run", cell=cell, **more)
        self.last = answer.get("last", self.last)
        return answer

    def must(self, cell: str) -> dict[str, Any]:
        answer = self.run(cell, told=self.session >= 0)
        if not answer["success"]:
            raise RuntimeError(f"{self.name}: {cell!r} failed: {answer['error']}")
        return answer

    def find_session(self, known: set[int]) -> None:
        """Take the session that has come since, and skip the statements it has had."""
        self.session = max(sessions(self.livy) - known)
        self.last = -1
        self.run("pass")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


class Ours(Side):
    """emr_nb, by its magics."""

    name = "emr_nb"

    def __init__(self, livy: str, target: str, env: dict[str, str], first: str = "") -> None:
        super().__init__(sys.executable, livy, env)
        known = sessions(livy)
        self.must("%load_ext emr_nb")
        self.must(first)
        self.must(f"%emr attach {target} --fresh")
        self.must(self.cell("1 + 1"))
        self.find_session(known)

    def cell(self, code: str) -> str:
        return f"%%spark\n{code}"

    def collect(self, query: str) -> str:
        return f"%%spark -l sql -q -o df\n{query}"

    def push(self, variable: str) -> str:
        return f"_told = %emr push {variable}"


class Sparkmagic(Side):
    """sparkmagic 0.23.0, by its magics, at its default settings."""

    name = "sparkmagic"

    def __init__(self, python: Path, livy: str, url: str = "") -> None:
        self._home = tempfile.TemporaryDirectory()
        super().__init__(python, livy, {"SPARKMAGIC_CONF_DIR": self._home.name})
        known = sessions(livy)
        self.must("%load_ext sparkmagic.magics")
        self.must(f"%spark add -s bench -l python -u {url or livy} -t None")
        self.find_session(known)

    def cell(self, code: str) -> str:
        return f"%%spark -s bench\n{code}"

    def collect(self, query: str) -> str:
        return f"%%spark -s bench -c sql -q -o df -n -1\n{query}"

    def push(self, variable: str) -> str:
        """Spell its `%%send_to_spark`, which its kernels alone have as a magic."""
        return (
            "_magics = get_ipython().magics_manager.registry['RemoteSparkMagics']\n"
            f"_magics.do_send_to_spark('', {variable!r}, 'df', {variable!r}, 10_000_000, 'bench')\n"
            "get_ipython().run_cell_magic('spark', '-s bench', "
            f"\"{variable}.createOrReplaceTempView('{variable}')\")"
        )

    def close(self) -> None:
        self.run("%spark cleanup", told=False)
        super().close()
        self._home.cleanup()


def sessions(livy: str) -> set[int]:
    """Return the ids of Livy's sessions."""
    with urllib.request.urlopen(f"{livy}/sessions?size=100", timeout=60) as reply:
        return {session["id"] for session in json.load(reply)["sessions"]}
