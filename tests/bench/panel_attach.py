"""From the click on “Attach” to a notebook that is attached, its session warm."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.panel_rig import LONG, laboratory


def measure(name: str, runs: int) -> list[float]:
    """Return seconds of attaching to a cluster whose session is open; once before, uncounted."""
    found: list[float] = []
    with laboratory() as lab:
        lab.open(lab.write("attach.ipynb", ["1 + 1", "%%spark\n1 + 1"]))
        lab.command("emr-nb:show-clusters")
        row = lab.page.locator(".emrnb-ClusterList .emrnb-Cluster").filter(has_text=name).first
        for number in range(runs + 1):
            button = row.get_by_role("button", name="Attach")
            button.wait_for(timeout=LONG)
            began = time.perf_counter()
            button.click()
            row.locator(".emrnb-Attached").wait_for(timeout=LONG)
            if number:
                found.append(time.perf_counter() - began)
            else:
                spark(lab)
            detach(lab)
    return found


def spark(lab: Any) -> None:
    """Open the session."""
    lab.start_cell(lab.cell("%%spark"))
    lab.page.wait_for_function(
        "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].at(-1)"
        ".outputs.length > 0 && window.jupyterapp.shell.currentWidget.sessionContext.session"
        ".kernel.status === 'idle'",
        timeout=LONG,
    )


def detach(lab: Any) -> None:
    """Leave the cluster, the session going on."""
    lab.page.evaluate(
        "async () => { const { kernel } = window.jupyterapp.shell.currentWidget"
        ".sessionContext.session; await kernel.requestExecute({ code: '%emr detach' }).done; }"
    )
