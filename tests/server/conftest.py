import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # server_rig.py

from server_rig import ServerRig, stored

from emr_nb.testing.fake_engine import MemoryFileSystem


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running server of this module's own; tests reset what it holds by `rig`."""
    with ServerRig(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def rig(served):
    """The module's server, as if it had just begun."""
    served.reset()
    return served


@pytest.fixture
def store(rig):
    """What the cluster's HDFS holds: nothing yet."""
    return stored(rig, MemoryFileSystem("hdfs"))
