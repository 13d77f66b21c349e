"""The example of files runs headless, from its first cell to its last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "files.ipynb"


def test_the_example_of_files(local_cluster: Any, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLE, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "EMR_NB_HOME": str(local_cluster.settings.data_home)})
    said = {
        cell.source: "\n".join(
            str(out.get("text") or (out.get("data") or {}).get("text/plain", ""))
            for out in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    }

    def told(beginning: str) -> str:
        (text,) = [text for source, text in said.items() if source.startswith(beginning)]
        return text

    assert "12 files" in told("%emr put")
    assert "└── 2013-12.csv" in told("%emr tree")
    assert "4 files" in told("%emr ls /tmp/files_example/**")
    assert "12 files were whole already" in told(
        "%emr cp -r /tmp/files_example/weather s3://{bucket}/files_example/ --continue"
    )
    assert "13 files" in told("%emr get")
    assert "removed" in told("%emr rm")
    assert (tmp_path / "back" / "weather" / "2014-01.csv").exists()
