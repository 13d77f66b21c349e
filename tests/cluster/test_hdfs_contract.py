"""The file-system contract on HttpFS, and WebHDFS with HttpFS beside it, on real daemons."""

from __future__ import annotations

import secrets

import pytest
from hdfs_rig import HdfsRig, calm, hdfs_rig  # noqa: F401 -- fixtures

from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import FilePath
from emr_nb.testing.filesystems import DeniedContract, FileSystemContract, at_once

pytestmark = pytest.mark.usefixtures("calm")


@pytest.mark.full  # WebHDFS passes it in every run; test_hdfs_abilities has more of HttpFS
class TestHttpFs(FileSystemContract, DeniedContract):
    refused_names = frozenset(
        {"a:b", "trailing "}
    )  # it cuts the blank from a new name, and so is not asked

    def fill(self, fs, folder, wanted):
        at_once(lambda n: [fs.mkdir(folder.child(name)) for name in wanted[n::8]])

    @pytest.fixture
    def fs(self, hdfs_rig: HdfsRig) -> WebHdfs:  # noqa: F811
        return hdfs_rig.store("anna", hdfs_rig.httpfs)

    @pytest.fixture
    def root(self, hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
        return hdfs_rig.folder()

    @pytest.fixture
    def denied(self, hdfs_rig: HdfsRig) -> FilePath:  # noqa: F811
        folder = FilePath("hdfs", "", f"/tmp/closed-{secrets.token_hex(4)}")
        other = hdfs_rig.store("bert", hdfs_rig.httpfs)
        other.mkdir(folder)
        other.chmod(folder, "700")
        return folder

    def test_who_i_am_owns_what_i_write(self, fs, root):
        assert fs.write(root.child("mine"), [b"x"]).owner == "anna"
