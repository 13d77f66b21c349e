"""A kernel's stand-in as a process of its own, to be interrupted and killed for real.

`shell` runs cells in an IPython shell with the extension; `engine` submits by the engine
alone; `halted` is the same, stopped for ever between the journal's row and the POST; `spool`
leaves a result in its private folder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from fault_rig import attached

from emr_nb.journal import Journal, StatementRow

SAID = os.fdopen(os.dup(1), "w")  # cells may print to stdout


def say(**told: Any) -> None:
    print(json.dumps(told), file=SAID, flush=True)


class HaltingJournal(Journal):
    """Writes the row and goes no further."""

    def begin(self, row: StatementRow) -> None:
        super().begin(row)
        say(begun=row.tag)
        time.sleep(3600)


def shell_cells(given: dict[str, Any]) -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from emr_nb.notebook.backend import Backend
    from emr_nb.notebook.extension import Extension
    from emr_nb.notebook.places import Place
    from emr_nb.notebook.state import Notebook

    shell = InteractiveShell.instance()
    cluster = attached(Path(given["home"]), Journal(Path(given["journal"])), given["port"])
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    place = Place("/x/faults.ipynb", "child", False)
    notebook = Notebook(shell, backend=lambda: backend, place=place)
    notebook._journal = cluster.journal  # the one that the test reads
    Extension(shell, notebook).install()
    shell.run_cell("_c = %emr attach local")

    def run(asked: dict[str, Any]) -> dict[str, Any]:
        with capture_output() as captured:
            result = shell.run_cell(asked["cell"], store_history=False)
        at = time.monotonic()
        error = result.error_in_exec or result.error_before_exec
        return {
            "at": at,
            "error": type(error).__name__ if error else "",
            "message": str(error or ""),
            "out": captured.stdout,
        }

    return run


def engine_cells(given: dict[str, Any]) -> Any:
    from emr_nb.model import Request, SessionOptions
    from emr_nb.results.plan import plan_transfer

    kind = HaltingJournal if given["mode"] == "halted" else Journal
    cluster = attached(Path(given["home"]), kind(Path(given["journal"])), given["port"])
    session = cluster.engine().open(SessionOptions(given["session"], create=False))

    def run(asked: dict[str, Any]) -> dict[str, Any]:
        if given["mode"] == "spool":
            request = Request(asked["cell"], "sql", asked["tag"], rows=-1)
            plan = replace(plan_transfer(request), small_bytes=0, keep=True)
            session.submit(request, plan).result()
            return {"kept": request.tag}
        request = Request(asked["cell"], "python", asked["tag"])
        session.submit(request, plan_transfer(request)).result()
        return {"at": time.monotonic()}

    return run


def main() -> None:
    given = json.loads(sys.argv[1])
    run = shell_cells(given) if given["mode"] == "shell" else engine_cells(given)
    say(ready=True)
    while True:
        try:
            line = sys.stdin.readline()
            if not line:
                os._exit(0)  # end nothing that others use
            say(**run(json.loads(line)))
        except KeyboardInterrupt:
            continue  # it came between two cells


if __name__ == "__main__":
    main()
