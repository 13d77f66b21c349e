"""`%emr browse` on a large folder of a real NameNode, in JupyterLab in a real Chromium."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

UI = Path(__file__).parents[1] / "ui"
NOTCH, NOTCHES = 120, 200  # pixels of a mouse wheel's step, and how many steps
FRAMES = """() => {
  const told = (window.benchFrames = []);
  let last = performance.now();
  const step = now => {
    told.push(now - last);
    last = now;
    window.benchGoing = window.requestAnimationFrame(step);
  };
  window.benchGoing = window.requestAnimationFrame(now => { last = now; step(now); });
}"""
ENOUGH = "() => { window.cancelAnimationFrame(window.benchGoing); return window.benchFrames; }"


def measure(target: str, folder: str, entries: int) -> dict[str, Any] | None:
    """Return what scrolling takes; None where there is no Chromium or built labextension."""
    sys.path.insert(0, str(UI))
    from lab_rig import find_chromium, find_labextension, launch, running_lab
    from playwright.sync_api import sync_playwright

    chromium, labextension = find_chromium(), find_labextension()
    if chromium is None or labextension is None:
        return None
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = launch(playwright, chromium)
        with running_lab(browser, Path(home), labextension) as lab:
            cells = [f"%load_ext emr_nb\n_ = %emr attach {target}", f"%emr browse {folder}"]
            lab.open(lab.write("browse.ipynb", cells))
            try:
                return looked_at(lab, entries)
            finally:
                browser.close()


def looked_at(lab: Any, entries: int) -> dict[str, Any]:
    lab.run_all()  # once, so that the second run finds the kernel's modules loaded
    assert lab.errors() == []
    counted = f"{entries:,} folders"
    told: dict[str, Any] = {"rows": 0}
    output = lab.cell_output(1)
    wait = "wanted => document.querySelector('.emrnb-Summary')?.textContent.startsWith(wanted)"
    lab.page.wait_for_function(wait, arg=counted, timeout=300_000)
    lab.page.evaluate("() => document.querySelector('.emrnb-Files').classList.add('bench-first')")
    began = time.perf_counter()
    lab.start_cell(1)
    output.locator(".emrnb-Files:not(.bench-first) .emrnb-Row").first.wait_for()
    told["first"] = time.perf_counter() - began
    lab.page.wait_for_function(wait, arg=counted, timeout=300_000)
    told["whole"] = time.perf_counter() - began
    output.locator(".emrnb-Grid").hover()
    for name, scroll in (
        ("still", lambda: None),
        ("wheel", lambda: lab.page.mouse.wheel(0, NOTCH)),
    ):
        lab.page.evaluate(FRAMES)
        for _ in range(NOTCHES):
            scroll()
            lab.page.wait_for_timeout(16)
            if name == "wheel":
                told["rows"] = max(told["rows"], output.locator(".emrnb-Row").count())
        told[name] = lab.page.evaluate(ENOUGH)
    return told
