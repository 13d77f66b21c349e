"""`emr-nb demo`: the local cluster and the example notebook, run headless, cell by cell."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

from emr_nb.errors import MissingExtraError, UsageError
from emr_nb.local.aws import require_moto
from emr_nb.local.board import Board
from emr_nb.local.commands import describe
from emr_nb.local.lifecycle import DEFAULT_NAME, LocalClusters
from emr_nb.local.starting import start_on_board
from emr_nb.settings import Settings

if TYPE_CHECKING:
    from nbclient import NotebookClient
    from nbformat import NotebookNode

_EXAMPLE = Path("examples") / "quickstart.ipynb"
_CELL_SECONDS = 600
_SHUTDOWN_SECONDS = 30.0  # the kernel ends its session; Spark takes a moment to stop
_SHOWN_LINES = 14
_WIDTH = 110


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the `demo` command."""
    demo = commands.add_parser("demo", help="start the local cluster and run the example on it")
    demo.add_argument("notebook", nargs="?", type=Path, help=f"default: {_EXAMPLE}")
    demo.add_argument("--stop", action="store_true", help="stop the cluster at the end")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Run the demo; return 1 when a cell failed."""
    notebook = _notebook(options.notebook)
    _require_demo()
    clusters = LocalClusters(Settings())
    out.write("The local cluster: real HDFS, Livy with Spark, AWS APIs and S3 on this machine\n")
    began = time.monotonic()
    state = start_on_board(clusters, DEFAULT_NAME, Board(out))
    out.write(f"It runs (after {time.monotonic() - began:.1f} s)\n")
    out.writelines(f"{line}\n" for line in describe(state))
    try:
        log = clusters.folders(DEFAULT_NAME).log("demo-kernel")
        with log.open("wb") as kernel_log:
            failed = _execute(notebook, out, kernel_log)
    finally:
        if options.stop:
            clusters.stop()
            out.write("\nThe cluster is stopped.\n")
    if not options.stop:
        _say_next(notebook, out)
    return 1 if failed else 0


def _notebook(chosen: Path | None) -> Path:
    """Return the notebook to run: the one named, or the example of the checkout."""
    checkout = Path(__file__).parents[2]
    places = [chosen] if chosen else [Path.cwd() / _EXAMPLE, checkout / _EXAMPLE]
    for place in places:
        if place.is_file():
            return place.resolve()
    raise UsageError(
        "There is no notebook to run",
        where=", ".join(map(str, places)),
        advice="Run it in a clone of the project, or name a notebook: emr-nb demo NOTEBOOK",
    )


def _require_demo() -> None:
    require_moto()
    missing = [n for n in ("nbclient", "nbformat", "ipykernel") if not importlib.util.find_spec(n)]
    if missing:
        raise MissingExtraError(
            f"The demo needs {', '.join(missing)}",
            where=sys.executable,
            advice="pip install 'emr-nb[demo]'",
        )


def _execute(path: Path, out: TextIO, kernel_log: IO[bytes]) -> bool:
    """Run every code cell; return whether one failed, which ends the run.

    What the kernel itself says (not its cells) goes to `kernel_log`.
    """
    import nbformat

    read: Any = nbformat.read
    notebook = read(path, as_version=4)
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    out.write(f"\n{path.name}: {len(code)} cells\n")
    with (
        tempfile.TemporaryDirectory(prefix="emr_nb-") as private,
        _kernel(_client(notebook, path.parent, Path(private)), kernel_log) as client,
    ):
        for number, (index, cell) in enumerate(code, 1):
            if not cell.source.strip():
                continue
            out.write(f"\n[{number}/{len(code)}] {_first_line(cell.source)}\n")
            out.flush()
            began = time.monotonic()
            failed = _run_cell(client, cell, index)
            seconds = time.monotonic() - began
            out.writelines(f"    {line}\n" for line in _result(cell))
            out.write(f"    {'FAILED after' if failed else '·'} {seconds:.1f} s\n")
            if failed:
                return True
    return False


@contextlib.contextmanager
def _kernel(client: NotebookClient, log: IO[bytes]) -> Iterator[NotebookClient]:
    """Run a kernel, and at the end wait until it has ended what it began on the cluster."""
    with client.setup_kernel(
        cleanup_kc=True, stdout=log, stderr=log
    ):  # not the default: km= is given
        yield client


def _run_cell(client: NotebookClient, cell: NotebookNode, index: int) -> bool:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        client.execute_cell(cell, index)
    except CellExecutionError:
        return True
    except (CellTimeoutError, DeadKernelError) as error:
        cell.outputs.append(
            {"output_type": "stream", "name": "stderr", "text": f"{type(error).__name__}: {error}"}
        )
        return True
    return False


def _client(notebook: NotebookNode, folder: Path, private: Path) -> NotebookClient:
    """Return a client whose kernel is this very Python, whatever kernels the user has.

    It talks to the kernel through sockets in `private`.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]

    class ThisPython(AsyncKernelManager):  # type: ignore[misc, unused-ignore]
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    manager = ThisPython()
    if os.name == "posix":
        # files of ours instead of ports: nobody else here can read what the kernel says
        manager.transport, manager.ip = "ipc", str(private / "kernel")
    manager.shutdown_wait_time = _SHUTDOWN_SECONDS
    return NotebookClient(
        notebook,
        km=manager,
        timeout=_CELL_SECONDS,
        resources={"metadata": {"path": str(folder)}},
    )


def _first_line(source: str) -> str:
    lines = source.strip().splitlines()
    return _short(lines[0]) + (" …" if len(lines) > 1 else "")


def _result(cell: NotebookNode) -> list[str]:
    """Return a cell's outputs as a few lines of text."""
    lines: list[str] = []
    for output in cell.outputs:
        lines += _words(output).rstrip().splitlines()
    if len(lines) > _SHOWN_LINES:
        rest = len(lines) - _SHOWN_LINES
        lines = [*lines[:_SHOWN_LINES], f"… {rest} more lines"]
    return [_short(line) for line in lines]


def _words(output: Any) -> str:
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    data = output.get("data", {})
    return str(data.get("text/plain", f"({', '.join(data)})"))


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _say_next(path: Path, out: TextIO) -> None:
    """Tell how to open the notebook against the same cluster, and how to stop it."""
    home = os.environ.get("EMR_NB_HOME")
    prefix = f"EMR_NB_HOME={home} " if home else ""
    folder = Path(sys.executable).parent
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    out.write(
        "\nThe cluster goes on running."
        f"\nOpen the notebook on it:  {prefix}{folder}/jupyter lab {shown}"
        f"\nStop it:                  {prefix}{folder}/emr-nb local stop\n"
    )
