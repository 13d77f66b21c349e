"""Folders that a write makes, on a NameNode: as mkdir makes them, not open as the one above."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

import emr_nb

pytestmark = pytest.mark.cluster


def test_a_write_below_an_open_folder_opens_no_other(local_cluster: Any, tmp_path: Path) -> None:
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as cluster:
        files, base = cluster.files, f"/tmp/folders-{secrets.token_hex(4)}"
        assert files.info("/tmp").permissions.endswith("777")
        try:
            files.mkdir(f"{base}/made")
            usual = files.info(f"{base}/made").permissions
            files.write(f"{base}/a/b/file", b"1")
            (tmp_path / "t" / "deep").mkdir(parents=True)
            (tmp_path / "t" / "deep" / "x").write_bytes(b"1")
            files.put(tmp_path / "t", f"{base}-put", recursive=True)
            seen = {
                folder: files.info(folder).permissions
                for folder in (f"{base}/a", f"{base}/a/b", f"{base}-put", f"{base}-put/deep")
            }
            assert set(seen.values()) == {usual} != {"777"}
        finally:
            for folder in (base, f"{base}-put"):
                if files.exists(folder):
                    files.remove(folder, recursive=True, skip_trash=True)
