"""Rows of the panel's trees, found by their names."""

from __future__ import annotations

from playwright.sync_api import Locator, expect


def row(tree: Locator, name: str) -> Locator:
    """Return a row of a tree by the whole of its name."""
    label = tree.page.locator(".emrnb-TreeName, .emrnb-CatalogLabel").get_by_text(name, exact=True)
    return tree.get_by_role("treeitem").filter(has=label)


def unfold(tree: Locator, name: str) -> Locator:
    """Unfold a row of the catalog unless it is unfolded, and return it."""
    found = row(tree, name)
    found.wait_for()
    if found.get_attribute("aria-expanded") == "false":
        found.locator(".emrnb-CatalogTwisty").click()
    expect(found).to_have_attribute("aria-expanded", "true")
    return found
