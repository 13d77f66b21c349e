"""The real sparkmagic 0.23 beside emr_nb: its magics and kernels on the attached cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RunningCluster

from neighbour_rig import PYSPARK, SCALA, Kernel, Rig, environment, linked  # isort: skip

pytestmark = [pytest.mark.full, pytest.mark.cluster, pytest.mark.timeout(900)]
# sparkmagic deletes a session that is not up after 60 s, which is short on a busy machine
THEIRS = {"livy_session_startup_timeout_seconds": 300}


@pytest.fixture(scope="module")
def rig(local_cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    python = environment(local_cluster.settings.cache_home)
    made = Rig(
        python,
        linked(tmp_path_factory.mktemp("link")),
        tmp_path_factory.mktemp("user"),
        local_cluster.livy,
        local_cluster.settings.data_home,
    )
    before = set(made.sessions())
    yield made
    made.end(set(made.sessions()) - before)


@pytest.fixture
def fresh(rig: Rig) -> Rig:
    rig.config.parent.mkdir(exist_ok=True)
    rig.config.write_text(json.dumps(THEIRS))
    (rig.cluster_home / "sparkmagic-attached.json").unlink(missing_ok=True)
    return rig


@pytest.fixture
def kernel(fresh: Rig) -> Iterator[Kernel]:
    with fresh.kernel() as started:
        yield started


def loaded(kernel: Kernel) -> bool:
    return kernel.good("import sys; print('sparkmagic' in sys.modules)") == "True\n"


def test_sparkmagic_s_magics_run_on_the_attached_cluster(kernel: Kernel, fresh: Rig) -> None:
    assert kernel.good("%load_ext emr_nb") == ""
    assert "%sparkmagic add -s NAME -l python" in kernel.good("%emr attach local")
    assert not loaded(kernel)
    before = set(fresh.sessions())
    kernel.good("%sparkmagic add -s mine -l python")
    (new,) = set(fresh.sessions()) - before
    assert fresh.sessions()[new]["kind"] == "pyspark"
    assert kernel.good("%%sparkmagic -s mine\nprint(6 * 7)").rstrip().endswith("42")
    kernel.good("%%sparkmagic -s mine -c sql -o df\nselect 1 one union all select 2 order by one")
    assert kernel.good("print(type(df).__module__, df.one.tolist())").endswith("frame [1, 2]\n")
    # the endpoint stands in %manage_spark's list, and nobody wrote a URL or a password down
    widget = "get_ipython().magics_manager.registry['RemoteSparkMagics'].manage_widget"
    port = fresh.livy.rpartition(":")[2]
    assert f":{port}']" in kernel.good(f"print(list({widget}.endpoints))")
    assert port not in fresh.config.read_text()
    # the other owner of %spark, then back; `cleanup` ends this notebook's sessions alone
    kernel.good("%emr sparkmagic --spark sparkmagic")
    assert kernel.good("%%spark -s mine\nprint(6 * 9)").rstrip().endswith("54")
    others = set(fresh.sessions()) - {new}
    kernel.good("%spark cleanup")
    assert set(fresh.sessions()) == others
    kernel.good("%emr sparkmagic --spark emr_nb")
    assert "there is no option" in kernel.run("%%spark --nonsense\n1").error.lower()


def test_loaded_before_ours_it_stays_reachable(kernel: Kernel) -> None:
    kernel.good("%load_ext sparkmagic.magics")
    told = kernel.good("%load_ext emr_nb")
    assert told.count("\n") == 1
    assert "%%spark is emr_nb's now; sparkmagic's is %%sparkmagic" in told
    assert "You need to have at least 1 client" in kernel.run("%%sparkmagic\n1").text
    assert "No cluster is attached" in kernel.run("%%spark\n1").error
    assert "Need to supply URL" in kernel.run("%sparkmagic add -s a -l python").text
    kernel.good("%unload_ext emr_nb")
    assert "You need to have at least 1 client" in kernel.run("%%spark\n1").text
    assert "not found" in kernel.run("%%sparkmagic\n1").text.lower()


def test_loaded_after_ours_it_has_the_name_and_ours_are_told(kernel: Kernel, fresh: Rig) -> None:
    kernel.good("%load_ext emr_nb")
    kernel.good("_ = %emr attach local")
    told = kernel.good("%load_ext sparkmagic.magics")
    assert told.count("\n") == 1
    assert "%%spark is sparkmagic's now; emr_nb's cells are %%pyspark and %%scala" in told
    assert "You need to have at least 1 client" in kernel.run("%%spark\n1").text
    assert "%spark add -s NAME -l python needs no URL" in kernel.good("%emr attach local")
    assert "emr_nb's now" in kernel.good("%emr sparkmagic --spark emr_nb")
    assert "The cell is empty" in kernel.run("%%spark\n ").error
    assert "You need to have at least 1 client" in kernel.run("%%sparkmagic\n1").text


def test_its_kernels_run_on_the_attached_cluster_once_told_to(kernel: Kernel, fresh: Rig) -> None:
    kernel.good("%load_ext emr_nb")
    shown = kernel.good("%emr attach local")
    assert "for its PySpark and Spark kernels: %emr sparkmagic" in shown
    kernel.good("%emr sparkmagic")
    assert json.loads(fresh.config.read_text()) == THEIRS  # nothing unasked
    kernel.good("%emr sparkmagic --kernels")
    assert "started from now on run here too" in kernel.good("%emr attach local")
    for module, kind, code in (
        (PYSPARK, "pyspark", "print(sc.version, sum(range(7)))"),
        (SCALA, "spark", 'println(sc.version + " " + (0 to 6).sum)'),
    ):
        before = set(fresh.sessions())
        with fresh.kernel(module) as theirs:
            ran = theirs.run(code)
            assert "emr_nb: Spark on local (j-" in ran.text
            assert " 21" in ran.text
            (new,) = set(fresh.sessions()) - before
            assert fresh.sessions()[new]["kind"] == kind
            if module == PYSPARK:
                extension_in_its_kernel(theirs)
        assert new not in fresh.sessions()  # its kernel ends its session, as it always did
    assert fresh.livy.rpartition(":")[2] not in fresh.config.read_text()
    kernel.good("%emr sparkmagic --no-kernels")
    assert json.loads(fresh.config.read_text()) == THEIRS
    kernel.good("_ = %emr detach local")
    kernel.good("%emr sparkmagic --kernels")
    with fresh.kernel(PYSPARK) as theirs:
        assert "No cluster is attached" in theirs.run("print(1)").text


def extension_in_its_kernel(theirs: Kernel) -> None:
    """Loading ours in a PySpark kernel leaves its bare cells alone."""
    told = theirs.good("%load_ext emr_nb")
    assert "bare cells and %%spark stay this sparkmagic kernel's" in told
    assert "42" in theirs.run("print(6 * 7)").text


def test_config_json_is_honoured(kernel: Kernel, fresh: Rig) -> None:
    fresh.config.write_text(
        json.dumps(
            {
                "kernel_python_credentials": {
                    "username": "ada",
                    "base64_password": "c2VjcmV0",
                    "url": f"{fresh.livy}/",
                    "auth": "Basic_Access",
                },
                "session_configs_defaults": {"conf": {"spark.emr_nb.a": "1"}, "name": "x"},
                "session_configs": {"conf": {"spark.emr_nb.b": "2"}},
                "custom_headers": {"X-Team": "data"},
            }
        )
    )
    kernel.good("%load_ext emr_nb")
    shown = kernel.good("%emr attach")
    assert fresh.livy in shown
    assert f"from {fresh.config}: URL and credentials; session_configs (conf)" in shown
    assert "not followed: name" in shown
    code = "print(spark.conf.get('spark.emr_nb.a') + spark.conf.get('spark.emr_nb.b'))"
    assert "12\n" in kernel.good(f"%%spark\n{code}")
    record = Path(fresh.cluster_home / "sparkmagic-attached.json").read_text()
    assert "secret" not in record
    assert "c2VjcmV0" not in record
    assert not loaded(kernel)
