"""A thousand statements that each meet a fault: none doubled, none lost, none hanging."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_rig import ROOT

SEED = 20131


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_random_faults_neither_double_nor_lose_nor_hang(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    command = [sys.executable, "-m", "tests.bench", "--faults", "1000", "--alone"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--seed", str(SEED), "--json", str(told)],
        cwd=ROOT, env=environment, check=True, timeout=2900,
    )  # fmt: skip
    found = json.loads(told.read_text())["faults"]["emr_nb"]
    wrong = [o for o in found["outcomes"] if o["ran"] != 1 or not o["brought"]]
    clean = {"statements": 1000, "duplicates": 0, "lost": 0, "silent": 0, "hung": 0}
    assert found["scores"] == clean, wrong
