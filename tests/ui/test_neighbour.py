"""sparkmagic beside emr_nb in a real JupyterLab: its magics and kernel, with no URL typed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import Lab
from lab_server import CHECKOUT
from playwright.sync_api import expect

sys.path.insert(0, str(CHECKOUT / "tests" / "cluster"))

from neighbour_rig import PYSPARK, PYTHON, environment, linked

pytestmark = [pytest.mark.cluster, pytest.mark.full, pytest.mark.timeout(900)]
OURS = (
    "%load_ext emr_nb",
    "%emr attach local",
    "%sparkmagic add -s mine -l python",
    "%%sparkmagic -s mine\nspark.range(6).count() * 7",
    "%emr sparkmagic --kernels",
)
THEIRS = ("print(sum(range(7)), spark.version)",)


@pytest.fixture(scope="module")
def lab_with_sparkmagic(
    local_cluster, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A JupyterLab in which the kernels of an environment with sparkmagic can be chosen."""
    python = environment(local_cluster.settings.cache_home)
    user: Path = tmp_path_factory.mktemp("user")
    (user / ".sparkmagic").mkdir()
    (user / ".sparkmagic" / "config.json").write_text(
        '{"livy_session_startup_timeout_seconds": 300}'
    )
    link = linked(tmp_path_factory.mktemp("link"))
    env = {
        "HOME": str(user),
        "IPYTHONDIR": str(user / ".ipython"),
        "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{link}",
        "EMR_NB_HOME": str(local_cluster.settings.data_home),
    }
    for name, module in (("with-sparkmagic", PYTHON), ("pyspark-kernel", PYSPARK)):
        lab.add_kernel(name, [str(python), "-m", module, "-f", "{connection_file}"], env)
    yield lab
    lab.end_kernel()


def test_its_magics_and_its_kernel_run_on_the_attached_cluster(lab_with_sparkmagic: Lab):
    lab = lab_with_sparkmagic
    lab.open(lab.write("ours.ipynb", OURS, "with-sparkmagic"))
    for index in range(4):
        lab.start_cell(index)
    expect(lab.cell_output(3)).to_contain_text("42", timeout=400_000)
    assert lab.errors() == []
    expect(lab.cell_output(1)).to_contain_text("%sparkmagic add -s NAME -l python")
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.screenshot(f"neighbour-magics-{theme}", show=lab.cell_output(1))
    lab.theme("light")
    lab.start_cell(4)
    expect(lab.cell_output(4)).to_contain_text("started now run on local")
    ours = lab.page.url
    lab.open(lab.write("theirs.ipynb", THEIRS, "pyspark-kernel"))
    assert lab.page.url != ours
    lab.start_cell(0)
    expect(lab.cell_output(0)).to_contain_text("21 3.5", timeout=400_000)
    expect(lab.cell_output(0)).to_contain_text("emr_nb: Spark on local")
    lab.screenshot("neighbour-kernel", show=lab.cell_output(0))
