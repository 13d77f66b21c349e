"""The example of a working day runs headless, from its first cell to its last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.full  # the demo runs the quickstart, tests/ui opens it
EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_working_day(local_cluster: Any, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLES / "working_day.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "EMR_NB_HOME": str(local_cluster.settings.data_home)})
    texts = [
        "".join(
            str(out.get("text") or (out.get("data") or {}).get("text/plain", ""))
            for out in c.outputs
        )
        for c in notebook.cells
        if c.cell_type == "code"
    ]
    said = "\n".join(texts)
    assert "336,776 rows, 19 columns" in said
    assert "flights left JFK more than 120 minutes late" in said
    assert "1 file" in said  # --to
