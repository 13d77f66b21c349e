import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))  # servers.py
sys.path.insert(0, str(Path(__file__).parent))  # trees_rig.py, bulk_rig.py

from bulk_rig import closed_port, namenode, open_port, rig  # noqa: F401 -- fixtures
from trees_rig import Both, Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    (tmp_path / "remote").mkdir()
    return Remote(tmp_path / "remote")


@pytest.fixture
def both(remote: Remote) -> Both:
    return Both(remote)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"
