"""A real JupyterLab in a real browser: the page, and what a user does with it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
import pytest
from lab_server import CHECKOUT, LabServer
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Request

SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # strangers are refused here: Playwright's routes would turn the browser's cache off
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip
WIDE = (1280, 860)
NARROW = (400, 760)
SECTIONS = ("Clusters", "Sessions", "Files", "Catalog", "History")  # of the panel
SIZES = {"wide": WIDE, "narrow": NARROW}
EVERY_LOOK = pytest.mark.parametrize(
    ("theme", "size"), [(theme, size) for theme in ("light", "dark") for size in SIZES]
)


def find_chromium() -> str | None:
    """Return a Chromium of this machine: `EMR_NB_CHROMIUM`, else the first on the path."""
    names = (os.environ.get("EMR_NB_CHROMIUM", ""), *CHROMIUM_NAMES)
    return next((found for name in names if name and (found := shutil.which(name))), None)


def find_labextension() -> Path | None:
    """Return the folder of our built labextension: the installed one, else the checkout's."""
    installed = Path(sys.prefix, "share/jupyter/labextensions/emr-nb")
    built = CHECKOUT / "emr_nb" / "_labextension"
    if os.environ.get("EMR_NB_LABEXTENSION") == "checkout":
        installed, built = built, installed
    return next((p for p in (installed, built) if (p / "package.json").exists()), None)


def launch(playwright: Playwright, chromium: str) -> Browser:
    """Start the browser."""
    return playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))


class Lab:
    """What a user does in JupyterLab. Cells are counted from 0 over cells of every kind.

    Requests to anything but our own server are refused and kept in `strangers`.
    """

    def __init__(self, server: LabServer, browser: Browser) -> None:
        self.server = server
        self.strangers: list[str] = []
        self.console: list[str] = []
        self._browser = browser
        self._context = self._new_context()
        self.page: Page = self._new_page()
        self._path = ""

    def add_kernel(self, name: str, argv: list[str], env: dict[str, str]) -> None:
        """Let a further kernel be chosen, as `jupyter kernelspec install` does."""
        folder = self.server.data / "kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": argv, "display_name": name, "language": "python", "env": env}
        (folder / "kernel.json").write_text(json.dumps(spec))

    @property
    def root(self) -> Path:
        """The folder whose files JupyterLab shows."""
        return self.server.root

    def close(self) -> None:
        self._context.close()

    def open(self, path: str, *, kernel: bool = True, timeout: float = 60) -> None:
        """Open a notebook, and wait for its kernel unless there shall be none."""
        if kernel and not self.server.kernels:
            self.restart_server()
        self._path = path
        limit = timeout * 1000
        self._goto(limit)
        self._do("async panel => { await panel.context.ready; await panel.revealed; }")
        if kernel:
            self.page.wait_for_function(
                "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
                "?.status === 'idle'",
                timeout=limit,
            )
        else:
            self._choose_no_kernel()
        self.page.locator(".jp-Notebook").wait_for(timeout=limit)
        self._fold_left()

    def reopen(self) -> None:
        """Close the browser's tab, and open the notebook in another; its kernel may be busy."""
        self.page.close()
        self.page = self._new_page()
        self._goto()
        self._do("async panel => { await panel.context.ready; await panel.revealed; }")
        self.page.wait_for_function(  # a cell that is run before starts another kernel
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
            "?.connectionStatus === 'connected'"
        )
        self.page.locator(".jp-Notebook").wait_for()
        self._fold_left()

    def write(self, path: str, cells: Iterable[str], kernel: str = "python3") -> str:
        """Write a notebook of code cells for a kernel into the folder; return its path there."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {
            "name": kernel, "display_name": kernel, "language": "python",
        }  # fmt: skip
        nbformat.write(notebook, self.root / path)
        return path

    def cell(self, word: str) -> int:
        """Return the index of the first code cell whose source holds a word."""
        cells = self.notebook().cells
        return next(i for i, c in enumerate(cells) if c.cell_type == "code" and word in c.source)

    def run_all(self, timeout: float = 120) -> None:
        """Run all cells and wait until the last has ended, well or not."""
        self.page.evaluate(
            "() => { window.ran = null;"
            " window.jupyterapp.commands.execute('notebook:run-all-cells')"
            ".then(() => { window.ran = true; }, e => { window.ran = String(e); }); }"
        )
        self.page.wait_for_function("() => window.ran !== null", timeout=timeout * 1000)
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
            " === 'idle'",
            timeout=timeout * 1000,
        )

    def restart_kernel(self) -> None:
        """Restart the notebook's kernel."""
        self._do("panel => panel.sessionContext.session.kernel.restart()")

    def end_kernel(self) -> None:
        """Shut the notebook's kernel down, as closing it in the list of kernels does."""
        if self.server.kernels:
            self._do("panel => panel.sessionContext.shutdown()")

    def type_in_cell(self, index: int, text: str) -> None:
        """Empty a cell, and type into it as a user does."""
        self._do(
            "(panel, index) => { panel.content.widgets[index].model.sharedModel.setSource('');"
            " panel.content.activeCellIndex = index; panel.content.mode = 'edit';"
            " panel.content.activeCell.editor.focus(); }",
            index,
        )
        self.page.keyboard.type(text)

    def start_cell(self, index: int) -> None:
        """Run one cell without waiting for it."""
        self._do(
            "(panel, index) => { panel.content.activeCellIndex = index;"
            " window.jupyterapp.commands.execute('notebook:run-cell'); }",
            index,
        )

    def cell_output(self, index: int) -> Locator:
        """Return the output area of a cell, scrolled to."""
        self._do("(panel, index) => panel.content.scrollToItem(index, 'start')", index)
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"] .jp-OutputArea')

    def errors(self) -> list[str]:
        """Return what cells that failed said."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.notebook().cells
            for output in cell.get("outputs", ())
            if output["output_type"] == "error"
        ]

    def notebook(self) -> nbformat.NotebookNode:
        """Return the notebook as the page has it now, saved or not."""
        return nbformat.from_dict(self._do("panel => panel.content.model.toJSON()"))

    def save(self) -> nbformat.NotebookNode:
        """Save, and return what the file has now."""
        self._do("panel => panel.context.save()")
        return nbformat.read(self.root / self._path, as_version=4)

    def trusted(self) -> bool:
        """Tell whether JupyterLab trusts all of the open notebook."""
        return bool(
            self._do(
                "panel => [...panel.content.model.cells]"
                ".every(cell => cell.type !== 'code' || cell.trusted)"
            )
        )

    def theme(self, name: str) -> None:
        """Switch to "light" or "dark"."""
        full = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[name]
        self.command("apputils:change-theme", theme=full)
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=full, timeout=20_000
        )
        self.page.wait_for_timeout(300)

    def size(self, width: int, height: int) -> None:
        """Make the browser's window another size."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(300)

    def screenshot(self, name: str, show: Locator | None = None) -> Path:
        """Keep a picture as `tests/ui/screenshots/NAME.png`, with `show` in its middle."""
        SCREENSHOTS.mkdir(exist_ok=True)
        if show is not None:
            show.evaluate("node => node.scrollIntoView({block: 'center'})")
            self.page.wait_for_timeout(300)
        path = SCREENSHOTS / f"{name}.png"
        self.page.mouse.move(2, 2)  # no hover on the picture
        self.page.wait_for_timeout(150)
        self.page.screenshot(path=path)
        return path

    def pictures(self, prefix: str, cells: dict[str, str], theme: str, size: str) -> None:
        """Keep `PREFIX-PICTURE-THEME-SIZE.png` of the output of each cell that has a word."""
        self.theme(theme)
        self.size(*SIZES[size])
        for word, picture in cells.items():
            shown = self.cell_output(self.cell(word))
            kept = self.screenshot(f"{prefix}-{picture}-{theme}-{size}", show=shown)
            assert kept.stat().st_size > 5_000

    def usual_look(self) -> None:
        """Take the light theme and the wide window again, where they were left."""
        if self.page.is_closed() or not self.page.evaluate("'jupyterapp' in window"):
            return
        if self.page.evaluate("document.body.dataset.jpThemeName") != "JupyterLab Light":
            self.theme("light")
        if self.page.viewport_size != {"width": WIDE[0], "height": WIDE[1]}:
            self.size(*WIDE)

    def command(self, command: str, **arguments: Any) -> None:
        """Execute a command of JupyterLab and wait for it."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }",
            [command, arguments],
        )

    def fold(self, title: str, *, folded: bool) -> None:
        """Fold or unfold a section of the panel."""
        head = self.page.locator(".emrnb-Panel .jp-AccordionPanel-title", has_text=title).first
        if (head.get_attribute("aria-expanded") == "true") is folded:
            head.dispatch_event("click")

    def unfold_only(self, *titles: str) -> None:
        """Unfold these sections of the panel and fold all others."""
        for title in SECTIONS:
            self.fold(title, folded=title not in titles)

    @contextlib.contextmanager
    def beside(self) -> Iterator[Page]:
        """Open JupyterLab in a second browser: other cookies, a workspace of its own."""
        context = self._new_context()
        try:
            page = context.new_page()
            page.goto(f"{self.server.url}/lab/workspaces/beside?reset&token={self.server.token}")
            page.wait_for_function(
                "() => window.jupyterapp?.commands.hasCommand('emr-nb:show-clusters')"
            )
            page.evaluate("window.jupyterapp.restored.then(() => true)")  # which picks a side bar
            yield page
        finally:
            context.close()

    def restart_server(self, *, kernels: bool = True, trust: bool = True) -> None:
        """End JupyterLab and all kernels, start it again and forget the page.

        Without `kernels` no kernel can start; without `trust` every notebook is a stranger's.
        """
        self.page.close()
        self.server.stop()
        if not trust:
            self.server.forget_trust()
        self.server.start(kernels=kernels)
        self.page = self._new_page()

    def _fold_left(self) -> None:
        if self.page.locator(".jp-SideBar .lm-mod-current").count():
            self.command("application:toggle-left-area")

    def _goto(self, limit: float = 60_000) -> None:
        url = f"{self.server.url}/lab/tree/{quote(self._path)}?reset&token={self.server.token}"
        self.page.goto(url)
        self.page.wait_for_function(
            "path => window.jupyterapp?.shell.currentWidget?.context?.path === path",
            arg=self._path, timeout=limit,
        )  # fmt: skip

    def _new_context(self) -> BrowserContext:
        context = self._browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
        context.set_default_timeout(60_000)  # a busy machine is no failure
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.on("request", self._note_stranger)
        return context

    def _new_page(self) -> Page:
        page = self._context.new_page()
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))
        return page

    def _note_stranger(self, request: Request) -> None:
        # data: and blob: name no host
        if urlsplit(request.url).hostname not in ("127.0.0.1", "localhost", None):
            self.strangers.append(request.url)

    def _do(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(
            f"async argument => await ({script})(window.jupyterapp.shell.currentWidget, argument)",
            argument,
        )

    def _choose_no_kernel(self) -> None:
        dialog = self.page.locator(".jp-Dialog")
        dialog.wait_for()
        while dialog.count():
            dialog.locator("button.jp-mod-reject, button.jp-mod-accept").first.click()
            self.page.wait_for_timeout(300)


@contextlib.contextmanager
def running_lab(browser: Browser, home: Path, labextension: Path) -> Iterator[Lab]:
    """Give a Lab whose files are in `home/work`; everything ends with the block."""
    root = home / "work"
    root.mkdir(parents=True)
    server = LabServer(root, home, labextension)
    server.start()
    lab = Lab(server, browser)
    try:
        yield lab
    finally:
        lab.close()
        server.stop()
