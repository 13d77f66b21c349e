"""axe-core on parts of the page: what a screen reader, a keyboard or weak eyes would miss."""

from __future__ import annotations

from importlib.resources import files

from lab_rig import Lab
from playwright.sync_api import Page

_RUN = """async selectors => {
  const include = selectors.filter(one => document.querySelector(one)).map(one => [one]);
  if (include.length < selectors.length) { throw new Error('not there: ' + selectors); }
  const exclude = [['jp-button']];  // JupyterLab's own, which it gives a state that axe refuses
  const told = await window.axe.run({ include, exclude }, { resultTypes: ['violations'] });
  return told.violations
    .filter(rule => rule.impact === 'serious' || rule.impact === 'critical')
    .flatMap(rule => rule.nodes.slice(0, 5).map(
      node => `${rule.id}: ${node.html.slice(0, 200)} (${node.failureSummary})`));
}"""


def problems_in_themes(lab: Lab, *selectors: str) -> dict[str, list[str]]:
    """Return what axe finds in each of the two themes; nothing where both are well."""
    found = {}
    for theme in ("light", "dark"):
        lab.theme(theme)
        found[theme] = problems(lab.page, *selectors)
    return {theme: texts for theme, texts in found.items() if texts}


def problems(page: Page, *selectors: str) -> list[str]:
    """Return what axe finds serious or critical in the elements below selectors."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found: list[str] = page.evaluate(_RUN, list(selectors))
    return found
