"""Bytes changed at random: only our errors, bounded memory, and the process lives."""

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("fuzz_previews.py")


def fuzz(seed: int, times: int, work: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(CHILD), str(seed), str(times), str(work)],
        capture_output=True, text=True, timeout=3000, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-3000:]}"
    words = done.stdout.split()
    shown, refused = int(words[1]), int(words[3])
    assert shown > 0 < refused


def test_changed_bytes_raise_only_what_we_say(tmp_path):
    fuzz(7, 8, tmp_path)


@pytest.mark.full
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(3))
def test_many_changed_bytes_raise_only_what_we_say(tmp_path, seed):
    fuzz(seed, 300, tmp_path)
