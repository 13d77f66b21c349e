"""The lock files that ship: whole, pinned, and within the promised download."""

import re

import pytest

from emr_nb.local.apps import APPS, service_of, with_needs, with_yarn
from emr_nb.local.lockfile import PART_SETS, Lock, LockedFile, load
from emr_nb.local.parts import Cache

_BUDGET = 550_000_000
_YARN_BUDGET = 25_000_000


@pytest.mark.parametrize("part", PART_SETS)
def test_every_file_is_pinned(part):
    lock = load(part)
    assert lock.part == part
    assert lock.files
    for file in lock.files:
        assert re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+)?", file.coordinate)
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size > 0
        assert file.packaging in ("jar", "zip", "tar.gz")
    assert len({file.name for file in lock.files}) == len(lock.files)


def test_maven_layout():
    file = LockedFile("org.apache.hadoop:hadoop-hdfs:3.4.2", "jar", "0" * 64, 1)
    assert file.path == "org/apache/hadoop/hadoop-hdfs/3.4.2/hadoop-hdfs-3.4.2.jar"
    native = LockedFile("a.b:c:1:linux-x86_64", "jar", "0" * 64, 1)
    assert native.path == "a/b/c/1/c-1-linux-x86_64.jar"


def test_text_and_back_and_key():
    lock = load("s3a")
    assert Lock.from_json(lock.to_json()) == lock
    other = Lock(lock.part, lock.version, lock.files[1:])
    assert other.key != lock.key


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="lock format 2"):
        Lock.from_json('{"format": 2}')


def test_all_downloads_stay_within_the_budget(tmp_path):
    cache = Cache(tmp_path)
    parts = {part for app in with_needs(APPS) for part in service_of(app).parts}
    assert sum(cache.part(name).size for name in parts) <= _BUDGET
    more = {part for app in with_yarn() for part in service_of(app).parts} - parts
    assert more == {"yarn"}
    assert cache.part("yarn").size <= _YARN_BUDGET


def test_no_test_jars_and_yarn_in_its_own_set_alone():
    names = {part: " ".join(file.name for file in load(part).files) for part in PART_SETS}
    assert [part for part in PART_SETS if "hadoop-yarn" in names[part]] == ["yarn"]
    assert not re.search(r"mockito|junit|aws-java-sdk-bundle", " ".join(names.values()))


def test_yarn_stands_beside_hdfs_on_one_class_path():
    hdfs, yarn = load("hdfs"), load("yarn")
    assert hdfs.version == yarn.version
    artifacts = [f.coordinate.split(":")[1] for f in (*hdfs.files, *yarn.files)]
    assert len(artifacts) == len(set(artifacts))
