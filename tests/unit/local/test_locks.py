"""The lock files that ship: whole, pinned, and within the promised download."""

import re

import pytest

from emr_nb.local.lockfile import PART_SETS, Lock, LockedFile, load
from emr_nb.local.parts import Cache

_BUDGET = 550_000_000


@pytest.mark.parametrize("part", PART_SETS)
def test_every_file_is_pinned(part):
    lock = load(part)
    assert lock.part == part
    assert lock.files
    for file in lock.files:
        assert re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+)?", file.coordinate)
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size > 0
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
    parts = ("java", "spark", *PART_SETS)
    assert sum(cache.part(name).size for name in parts) <= _BUDGET


def test_no_yarn_and_no_test_jars():
    names = " ".join(file.name for part in PART_SETS for file in load(part).files)
    assert not re.search(r"hadoop-yarn|mockito|junit|aws-java-sdk-bundle", names)
