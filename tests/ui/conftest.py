"""Fixtures of the UI tests; see lab_rig.py for what `lab` can do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "server"))  # kernel_rig.py
sys.path.insert(0, str(Path(__file__).parent))  # lab_rig is a helper, not a test

pytest.importorskip("playwright", reason="UI tests need playwright: pip install 'emr-nb[test]'")

from files_rig import files, stored  # noqa: F401 -- fixtures
from lab_rig import (
    Browser,
    Lab,
    find_chromium,
    find_labextension,
    launch,
    running_lab,
)
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=30_000)  # ms: five seconds are few beside other tests


def _missing(what: str) -> None:
    """Skip so that it is seen, or fail where the UI has to be tested."""
    if os.environ.get("EMR_NB_REQUIRE_UI") == "1":
        pytest.fail(f"EMR_NB_REQUIRE_UI=1, but {what}", pytrace=False)
    pytest.skip(f"UI test skipped: {what}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    chromium = find_chromium()
    if chromium is None:
        _missing("no Chromium was found; install one or set EMR_NB_CHROMIUM to its path")
    with sync_playwright() as playwright:
        running = launch(playwright, str(chromium))
        yield running
        running.close()


@pytest.fixture(scope="session")
def labextension() -> Path:
    """The folder of our built labextension."""
    found = find_labextension()
    if found is None:
        _missing("the labextension is not built; `pip install .` builds it")
    return Path(str(found))


@pytest.fixture(scope="session")
def lab(
    browser: Browser,
    labextension: Path,
    cluster_home: Path,  # the server's clusters are those of the run
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    """A JupyterLab with our labextension; a module opens its own notebook in it."""
    with running_lab(browser, tmp_path_factory.mktemp("lab"), labextension) as running:
        yield running


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A test in another window size or theme leaves the next one the usual look.

    Unless that chooses its own, as a change of themes takes seconds.
    """
    lab = item.funcargs.get("lab") if isinstance(item, pytest.Function) else None
    if isinstance(lab, Lab) and "theme" not in getattr(nextitem, "fixturenames", ()):
        lab.usual_look()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is below this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.ui)
