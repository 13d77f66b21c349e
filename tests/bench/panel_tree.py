"""The tree of Files on a folder of 100,000 files, beside JupyterLab's own file browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.panel_rig import LONG, laboratory, still, wheel

NEIGHBOUR = 10
# tells when the first row of the folder is in the document, and the last answer before that
OPENED = """name => new Promise(resolve => {
  const list = document.querySelector('.emrnb-Tree [role=tree]');
  const look = () => {
    const seen = [...list.querySelectorAll('.emrnb-TreeName')].some(n => n.textContent === name);
    if (!seen) return window.requestAnimationFrame(look);
    const now = performance.now();
    const ends = performance.getEntriesByType('resource')
      .filter(e => e.name.includes('/emr-nb/')).map(e => e.responseEnd).filter(t => t && t <= now);
    resolve(now - Math.max(...ends));
  };
  look();
})"""


def measure(entries: int) -> dict[str, Any]:
    """Return frames of scrolling both, and the milliseconds from data to the tree's first rows."""
    told: dict[str, Any] = {"entries": entries}
    with laboratory() as lab:
        folder = lab.root / "many"
        fill(folder, entries)
        page = lab.page
        page.goto(f"{lab.server.url}/lab?reset&token={lab.server.token}")
        page.wait_for_function("() => window.jupyterapp?.restored", timeout=LONG)
        told["still"] = still(lab)
        tree(lab, folder, told)
        told["jupyterlab"], told["jupyterlab_rows"] = beside(lab, entries)
    return told


def fill(folder: Path, entries: int) -> None:
    """Make empty files."""
    folder.mkdir()
    for number in range(entries):
        (folder / f"f{number:06d}.txt").touch()


def beside(lab: Any, entries: int) -> tuple[list[float], int]:
    """Scroll JupyterLab's own file browser on a tenth of the files: with all it is not through."""
    fill(lab.root / "tenth", entries // NEIGHBOUR)
    lab.command("filebrowser:go-to-path", path="tenth")
    shown = lab.page.locator(".jp-DirListing-content")
    shown.locator(".jp-DirListing-item").first.wait_for(timeout=300_000)
    return wheel(lab, shown, ".jp-DirListing-item")


def tree(lab: Any, folder: Any, told: dict[str, Any]) -> None:
    """Open the folder in the panel and scroll it."""
    page = lab.page
    lab.command("emr-nb:show-clusters")
    section = page.locator("#emr-nb-section-files")
    lab.unfold_only("Files")
    choice = section.get_by_label("Choose a cluster to see its files")
    choice.wait_for(timeout=LONG)
    choice.select_option(index=1)
    box = section.get_by_label("Path to go to")
    box.fill(f"file://{folder}")
    waited = page.evaluate_handle(f"() => ({{ promise: ({OPENED})('f000000.txt') }})")
    box.press("Enter")
    told["opened"] = page.evaluate("async waited => await waited.promise", waited)
    listed = f"{told['entries']:,}"
    section.get_by_text(listed).first.wait_for(timeout=LONG)
    told["tree"], told["rows"] = wheel(lab, section.get_by_role("tree"), ".emrnb-Tree .emrnb-Item")
