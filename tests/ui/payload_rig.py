"""A JupyterLab whose every foreign name is a payload, and what is read from its page."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lab_rig import Browser, Lab, running_lab
from payload_backend import FLAT, MAIN, NAMES
from payloads import ALL, PAYLOADS, file_name
from playwright.sync_api import Locator

from emr_nb.journal import Journal, SessionRow, StatementRow

Wanted = str | Sequence[str]  # a text, or several of which one must be there

_CONFIG = """
import sys
sys.path.insert(0, {folder!r})
from payload_backend import make
c.EmrNbApp.make_backend = make
"""
# tells what has no place in elements of ours or in JupyterLab's around our words
_WATCH = """(() => {
  const ours = '[id^=emr-nb], [class*=emrnb-], .jp-Dialog, .jp-Completer, .lm-Menu, .lm-TabBar';
  const never = 'script, img, image, iframe, object, embed, video, audio, source, link, style, ' +
    'meta, base, form, math, template, noscript, marquee, font, b, use, animate, ' +
    'textarea, body, [href], [src], [srcdoc], [action], [data-commandlinker-command]';
  window.planted = [];
  const look = root => {
    for (const node of [root, ...root.querySelectorAll('*')]) {
      if (node.closest(ours) === null) { continue; }
      const runs = [...node.attributes].some(one => /^on|^xlink/i.test(one.name));
      if (runs || node.matches(never)) { window.planted.push(node.outerHTML.slice(0, 200)); }
    }
  };
  new MutationObserver(changes => {
    for (const change of changes) {
      change.addedNodes.forEach(node => node.nodeType === 1 && look(node));
      if (change.type === 'attributes') { look(change.target); }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true,
    attributeFilter: ['onclick', 'onfocus', 'onmouseover', 'onload', 'onerror', 'href', 'src'] });
})()"""
# the texts below a selector as the page has them, each whole; lists and tables are scrolled through
_TEXTS = """async ([selector, part]) => {
  const texts = new Set();
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const take = root => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const { data, parentElement } = walk.currentNode;
      if (!part || parentElement.closest(part)) { texts.add(data); }
    }
    root.querySelectorAll('input').forEach(input => texts.add(input.value));
  };
  for (const root of document.querySelectorAll(selector)) {
    take(root);
    for (const list of root.querySelectorAll('.emrnb-Rows, .emrnb-Grid')) {
      const [down, right] = [list.clientHeight, list.clientWidth].map(n => Math.max(40, n - 60));
      for (let left = 0; left < list.scrollWidth; left += right) {
        for (let top = 0; top < list.scrollHeight; top += down) {
          [list.scrollTop, list.scrollLeft] = [top, left];
          await frame();
          take(list);
        }
      }
      [list.scrollTop, list.scrollLeft] = [0, 0];
    }
  }
  return [...texts];
}"""
_CHOOSE = """async given => {
  const app = window.jupyterapp;
  const token = app.pluginRegistry._plugins.get('emr-nb:server').provides;
  (await app.resolveRequiredService(token)).chosen.choose(given);
}"""


class Planted:
    """The page with the payloads; `seen` waits until each is there as a text."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = lab.page
        self.dialogs: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.add_init_script(_WATCH)

    def section(self, name: str) -> Locator:
        return self.page.locator(f"#emr-nb-section-{name.lower()}")

    def choose(self, cluster: str | None, name: str = "") -> None:
        given = None if cluster is None else {"id": cluster, "name": name or cluster}
        self.page.evaluate(_CHOOSE, given)

    def seen(
        self, selector: str, wanted: Iterable[Wanted], part: str = "", seconds: float = 30
    ) -> None:
        """Wait until every text is part of one text node below a selector, in a `part` of it."""
        left = [(one,) if isinstance(one, str) else tuple(one) for one in wanted]
        assert len(left) >= 50, "a field is given the whole list"
        until = time.monotonic() + seconds
        while left:
            texts = self.page.evaluate(_TEXTS, [selector, part])
            left = [some for some in left if not any(o in t for t in texts for o in some)]
            assert not left or time.monotonic() < until, (selector, part, left)
            if left:
                self.page.wait_for_timeout(100)

    def seen_all(self, selector: str, part: str = "", seconds: float = 30) -> None:
        """Wait until the one text of all payloads is there."""
        safe = [ALL.replace("\u202e", written) for written in ("\\u202e", "\u202e")]
        until = time.monotonic() + seconds
        while True:
            texts = self.page.evaluate(_TEXTS, [selector, part])
            if any(one in text for text in texts for one in safe):
                return
            assert time.monotonic() < until, (selector, part, texts)
            self.page.wait_for_timeout(100)

    def inert(self) -> None:
        """Check that nothing ran, nothing was asked for, and nothing is there but text."""
        assert self.page.evaluate("window.pwned") is None
        assert self.page.evaluate("window.planted") == []
        assert self.lab.strangers == []
        assert self.dialogs == []

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def _write_journal(home: Path) -> None:
    """Write statements that ran, those that run, and the sessions that are this user's."""
    journal = Journal(home / "journal.sqlite")
    for i, p in enumerate(NAMES):
        journal.begin(StatementRow(f"{i:032x}", MAIN, "spark", f"mine-{i}", state="running", text=p,
                                   line="%%pyspark", cluster_name=p, notebook=p))  # fmt: skip
        journal.remember_session(SessionRow(MAIN, "spark", p, f"mine-{i}", FLAT[i]))
    for i, p in enumerate(PAYLOADS):
        journal.begin(StatementRow(f"{i + 1000:032x}", "j-gone", p, "1", state=p, text=p,
                                   cluster_name=p, notebook=p, error=p))  # fmt: skip
    journal.remember_session(SessionRow(MAIN, "spark", "all", "all"))
    journal.remember_session(SessionRow(MAIN, "presto", "p", "p"))
    journal.close()


@contextlib.contextmanager
def payload_lab(browser: Browser, home: Path, labextension: Path) -> Iterator[Planted]:
    """Give the page of a server whose backend is that of payload_backend.py."""
    config = home / "config"
    config.mkdir(parents=True)
    folder = str(Path(__file__).parent)
    (config / "jupyter_server_config.py").write_text(_CONFIG.format(folder=folder))
    (home / "emr").mkdir()
    _write_journal(home / "emr")
    odd = home / "work" / "odd"
    with (
        _environment("EMR_NB_HOME", str(home / "emr")),
        running_lab(browser, home, labextension) as lab,
    ):
        odd.mkdir()
        for payload in PAYLOADS:
            (odd / file_name(payload)).touch()
        made = Planted(lab)
        yield made


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


__all__ = ["Planted", "payload_lab"]
