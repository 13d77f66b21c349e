"""The configuration that the daemons share; that they take it is tested apart."""

import pytest

from emr_nb.errors import LocalClusterError
from emr_nb.local import state as st
from emr_nb.local.conf import write_spark
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan


@pytest.fixture
def plan(tmp_path):
    folders = st.Folders(tmp_path / "x")
    return Plan("x", "ada", folders, Cache(tmp_path), {"namenode-rpc": 20000}, ("hdfs", "spark"))


def test_a_users_own_spark_defaults_come_last(plan, tmp_path, monkeypatch):
    own = tmp_path / "mine.conf"
    own.write_text("spark.driver.memory 3g\n# a note\nspark.speculation true\n")
    monkeypatch.setenv("EMR_NB_SPARK_DEFAULTS", str(own))
    write_spark(plan)
    lines = (plan.folders.conf / "spark" / "spark-defaults.conf").read_text().splitlines()
    assert lines.index("spark.driver.memory 1g") < lines.index("spark.driver.memory 3g")
    assert lines[-1] == "spark.speculation true"


def test_spark_defaults_that_are_not_there_are_told(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("EMR_NB_SPARK_DEFAULTS", str(tmp_path / "none.conf"))
    with pytest.raises(LocalClusterError, match=r"(?s)No such file.*none\.conf"):
        write_spark(plan)
