"""Trino in a local cluster: what is fetched, unpacked, configured and published."""

import io
import os
import tarfile
import zipfile
from dataclasses import replace

import pytest

from emr_nb.aws.services import services_of
from emr_nb.errors import DownloadError
from emr_nb.local import state as st
from emr_nb.local import trino
from emr_nb.local.apps import APPS, parts_of, service_of, with_needs
from emr_nb.local.archives import unpack
from emr_nb.local.lockfile import LockedFile
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan
from emr_nb.local.register import applications, configurations
from emr_nb.local.starting import _WORDS
from emr_nb.model import Application, Cluster, Configuration


@pytest.fixture
def plan(tmp_path):
    def make(apps, **more):
        uses = [use for app in apps for use in service_of(app).ports]
        ports = {use: 20000 + number for number, use in enumerate(uses)}
        return Plan("x", "ada", st.Folders(tmp_path / "x"), Cache(tmp_path), ports | more, apps)

    return make


def archive(folder, artifact, packaging, names):
    """Write an archive as the repository has it: one folder, some files of it links."""
    file = LockedFile(f"io.trino:{artifact}:1", packaging, "0" * 64, 1)
    if packaging == "zip":
        with zipfile.ZipFile(folder / file.name, "w") as packed:
            for name in names:
                packed.writestr(f"{artifact}-1/{name}", name)
        return file
    with tarfile.open(folder / file.name, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(f"{artifact}-1/{name}")
            entry.uid = entry.gid = 4242  # whoever packed it
            target = names[name]
            if target:
                entry.type, entry.linkname = tarfile.LNKTYPE, f"{artifact}-1/{target}"
            else:
                entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    return file


def old_extractall(tar, path=".", members=None, *, numeric_owner=False):
    """Unpack as Python before 3.11.4 does, which knows no filters."""
    for member in tar if members is None else members:
        tar.extract(member, path, numeric_owner=numeric_owner)


def test_it_comes_when_it_is_asked_for_and_hives_connector_with_hive_alone():
    assert "trino" not in with_needs(APPS)
    assert parts_of(["trino"]) == ("java25", "trino")
    assert "trino-hive" not in parts_of(["trino", "hdfs", "spark"])


@pytest.mark.parametrize("python", ["3.11.2", "newer"])
def test_a_servers_archive_is_pruned_and_links_into_what_goes_stay_whole(
    tmp_path, monkeypatch, python
):
    if python == "3.11.2":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
        monkeypatch.setattr(tarfile.TarFile, "extractall", old_extractall)
    (tmp_path / "archives").mkdir()
    names = {
        "plugin/geospatial/shared.jar": "",
        "lib/trino.jar": "",
        "lib/shared.jar": "plugin/geospatial/shared.jar",
        "plugin/spooling-filesystem/s3.jar": "",
        "bin/launcher": "",
    }
    files = [
        archive(tmp_path / "archives", "trino-server-core", "tar.gz", names),
        archive(tmp_path / "archives", "trino-tpch", "zip", ["tpch.jar"]),
    ]
    for _ in range(2):  # a fill that broke off is done again
        (tmp_path / "part").mkdir(exist_ok=True)
        unpack(tmp_path / "archives", files, tmp_path / "part")
    found = sorted(
        p.relative_to(tmp_path / "part").as_posix()
        for p in (tmp_path / "part").rglob("*")
        if p.is_file()
    )
    assert found == [
        "lib/shared.jar",
        "lib/trino.jar",
        "plugin/spooling-filesystem/s3.jar",
        "plugin/tpch/tpch.jar",
    ]
    shared = tmp_path / "part" / "lib" / "shared.jar"
    assert shared.read_text() == "plugin/geospatial/shared.jar"
    assert shared.stat().st_uid == os.getuid()


def test_a_damaged_archive_is_told(tmp_path):
    file = LockedFile("io.trino:trino-tpch:1", "zip", "0" * 64, 1)
    (tmp_path / file.name).write_bytes(b"no zip")
    with pytest.raises(DownloadError, match="cannot be unpacked"):
        unpack(tmp_path, [file], tmp_path)


def test_results_are_spooled_where_there_is_an_s3(plan):
    alone, beside = plan(("trino",)), plan(("trino", "aws"))
    assert not any("spooling" in key for key in trino.config(alone))
    conf = trino.config(beside)
    assert conf["protocol.spooling.enabled"] == "true"
    manager = trino.spooling_manager(beside)
    assert manager["fs.location"].startswith(f"s3://{beside.bucket}/")
    assert manager["s3.endpoint"] == beside.aws_url


def test_its_folder_has_the_catalogs_and_plugins_of_its_applications(plan):
    service = service_of("trino")
    with_hive = replace(plan(("trino", "aws"), metastore=23000), apps=("trino", "aws", "hive"))
    for made, names in (
        (with_hive, {"tpch", "memory", "hive"}),
        (plan(("trino",)), {"tpch", "memory"}),
    ):
        service.prepare(made)
        home = trino.home(made)
        assert {p.stem for p in (home / "etc" / "catalog").iterdir()} == names
        assert {p.name for p in (home / "plugin").iterdir()} == names | {"spooling-filesystem"}
        assert (home / "etc" / "config.properties").stat().st_mode & 0o077 == 0
        spooled = (home / "etc" / "spooling-manager.properties").exists()
        assert spooled == ("aws" in made.apps)
    assert "23000" in trino.hive_catalog(with_hive)["hive.metastore.uri"]


def test_it_listens_on_the_loopback_interface_alone(plan):
    (spec,) = service_of("trino").daemons(plan(("trino",)))
    assert "-Dnode.bind-ip=127.0.0.1" in spec.command
    assert spec.environment["HADOOP_USER_NAME"] == "trino"
    assert spec.name in _WORDS


def test_it_is_found_as_trino_and_as_presto_that_says_what_it_is(plan):
    made = plan(("trino", "aws"))
    cluster = Cluster(
        "j-1",
        "x",
        "WAITING",
        release="emr-7.9.0",
        applications=tuple(Application(a["Name"], a["Version"]) for a in applications(made)),
        configurations=tuple(
            Configuration(c["Classification"], c["Properties"]) for c in configurations(made)
        ),
        primary_dns="localhost",
    )
    services = {s.name: s for s in services_of(cluster)}
    for name in ("trino", "presto"):
        assert services[name].endpoints[0].port == made.ports["trino"]
    assert services["presto"].version == f"on Trino {services['trino'].version}"
