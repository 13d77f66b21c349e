"""A cluster with YARN in a real JupyterLab: application and queue are where they are looked for."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lab_rig import Lab
from playwright.sync_api import expect

from emr_nb.local.lifecycle import LocalClusters
from emr_nb.settings import Settings

pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(900)]
CELLS = (
    "import os\nos.environ['EMR_NB_HOME'] = {home!r}\n%load_ext emr_nb",
    "%emr attach local --yarn",
    "%%spark -l sql -o few\nselect id, id * id as square from range(3)",
    "%emr sessions",
    "%emr status",
)


@pytest.fixture(scope="module")
def yarn(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A notebook that has started a cluster with YARN, and a session on it."""
    home: Path = tmp_path_factory.mktemp("yarn-home")
    lab.open(lab.write("yarn.ipynb", (cell.replace("{home!r}", repr(str(home))) for cell in CELLS)))
    try:
        lab.run_all(timeout=600)
        assert lab.errors() == []
        yield lab
        lab.end_kernel()
    finally:
        clusters = LocalClusters(replace(Settings(), data_home=home))
        for state in clusters.all():
            clusters.stop(state.name)
    assert os.environ.get("EMR_NB_HOME") != str(home)


def test_application_and_queue_are_shown(yarn: Lab):
    expect(yarn.cell_output(1)).to_contain_text("engines")
    expect(yarn.cell_output(2)).to_contain_text("3 rows · in few")
    sessions = yarn.cell_output(3)
    expect(sessions).to_contain_text(re.compile(r"application_\d+_\d+"))
    expect(sessions).to_contain_text("default")
    expect(yarn.cell_output(4)).to_contain_text(re.compile(r"application_\d+_\d+, queue default"))
    for theme in ("light", "dark"):
        yarn.theme(theme)
        yarn.screenshot(f"yarn-sessions-{theme}", show=sessions)
    yarn.theme("light")
