"""What the benches of the panel share: JupyterLab in a browser, frames, the median."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.files_browser import ENOUGH, FRAMES, NOTCH, UI

OURS = "/lab/extensions/emr-nb/"
LONG = 120_000  # ms
NOTCHES = 150


def parts() -> tuple[Any, Path, str]:
    """Return the rig of the UI tests, our built labextension and a Chromium."""
    if str(UI) not in sys.path:
        sys.path.insert(0, str(UI))
    import lab_rig

    labextension, chromium = lab_rig.find_labextension(), lab_rig.find_chromium()
    if labextension is None or chromium is None:
        raise SystemExit("The panel's figures need a built labextension and a Chromium.")
    return lab_rig, labextension, chromium


@contextmanager
def laboratory(config: str = "") -> Iterator[Any]:
    """Give a JupyterLab of its own in a browser, its server configured by lines of Python."""
    from playwright.sync_api import sync_playwright

    rig, labextension, chromium = parts()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        file = Path(home, "config", "jupyter_server_config.py")
        file.parent.mkdir()
        file.write_text(config)
        browser = rig.launch(playwright, chromium)
        try:
            with rig.running_lab(browser, Path(home), labextension) as lab:
                yield lab
        finally:
            browser.close()


def wheel(lab: Any, over: Any, counted: str) -> tuple[list[float], int]:
    """Scroll a list by the wheel; returns its frames in ms and the most rows in the document.

    A list that is too slow for all steps is scrolled for a minute.
    """
    over.hover()
    rows, until = 0, time.monotonic() + 60
    lab.page.evaluate(FRAMES)
    for number in range(NOTCHES):
        if time.monotonic() > until:
            break
        lab.page.mouse.wheel(0, NOTCH)
        lab.page.wait_for_timeout(16)
        if number % 10 == 0:
            rows = max(rows, lab.page.locator(counted).count())
    return lab.page.evaluate(ENOUGH), rows


def still(lab: Any) -> list[float]:
    """Return the frames of a page that nobody touches."""
    lab.page.evaluate(FRAMES)
    lab.page.wait_for_timeout(16 * NOTCHES)
    return list(lab.page.evaluate(ENOUGH))
