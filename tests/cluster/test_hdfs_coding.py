"""Erasure-coded files on three DataNodes: shown as such, written, read, checked."""

from __future__ import annotations

import pytest
from hdfs_rig import HdfsRig, coding_rig  # noqa: F401 -- a fixture

from emr_nb.model import FilePath
from emr_nb.testing.filesystems import content

POLICY = "XOR-2-1-1024k"
PIECE = bytes(range(251)) * 4177


@pytest.mark.full
def test_an_erasure_coded_file(coding_rig: HdfsRig) -> None:  # noqa: F811
    fs = coding_rig.store("anna")
    assert fs.health().live_nodes == 3
    root = coding_rig.folder()
    coding_rig.ask(FilePath("hdfs", "", "/"), "ENABLEECPOLICY", ecpolicy=POLICY)
    coding_rig.ask(root, "SETECPOLICY", ecpolicy=POLICY)
    path = root.child("coded")
    written = fs.write(path, (PIECE for _ in range(10)))
    assert written.extra["ecPolicy"] == POLICY
    assert content(fs, path) == PIECE * 10
    assert content(fs, path, 1_048_570, 20) == (PIECE * 2)[1_048_570:1_048_590]
    detail = fs.detail(path)
    assert detail.readable
    assert dict(detail.facts)["erasure coding"] == POLICY
    assert "under-replicated" not in dict(detail.facts)["blocks"]
    told = fs.summary(path)
    assert told.space is not None
    assert (
        told.bytes < told.space < 2 * told.bytes
    )  # half as much again, where replicas take it all
