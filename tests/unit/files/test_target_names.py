"""Names of a tree where they are copied to: below the root, each its own, every change told."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.files.target_names import Naming, spelled
from emr_nb.model import FilePath

KEYS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    min_size=1, unique=True,
)  # fmt: skip
ODD = ["a//b", "a/b", "../x", "a/../../x", "./y", "/lead", "dir/", "a", "a\tb", "a_b", "..", "."]


def placed(root: FilePath, keys: list[str]) -> list[str]:
    naming = Naming(root)
    return [naming.place(key).key for key in keys]


@given(KEYS)
def test_nothing_leaves_the_folder_and_no_two_meet(keys):
    made = placed(FilePath("file", "", "/root/of"), keys)
    assert len(set(made)) == len(keys)
    for path in made:
        relative = PurePosixPath(path).relative_to("/root/of")
        assert ".." not in relative.parts
        assert os.path.normpath(path) == path
        assert all(len(os.fsencode(part)) <= 255 for part in relative.parts)
    folders = {str(p) for path in made for p in PurePosixPath(path).parents}
    assert not folders & set(made)  # no file has a folder's name


@given(KEYS)
def test_keys_stay_as_they_are_in_s3(keys):
    assert placed(FilePath("s3", "b", "to"), keys) == [f"to/{key}" for key in keys]


@pytest.mark.parametrize("scheme", ["file", "hdfs"])
def test_what_folders_cannot_hold_is_spelled_and_told(scheme):
    naming = Naming(FilePath(scheme, "", "/t"))
    made = [naming.place(key).key for key in ODD]
    assert made[:8] == ["/t/a/_/b", "/t/a/b", "/t/__/x", "/t/a/__/__/x", "/t/_/y", "/t/_~2/lead",
                        "/t/dir/_", "/t/a~2"]  # fmt: skip
    assert len(set(made)) == len(ODD)
    assert ("../x", "__/x") in naming.changed or ("../", "__") in naming.changed
    assert not any(source == "a/b" for source, _ in naming.changed)


def test_a_long_name_keeps_its_ending():
    made = spelled("é" * 200 + ".parquet", local=True)
    assert made.endswith(".parquet")
    assert len(os.fsencode(made)) <= 255
    assert made != spelled("é" * 201 + ".parquet", local=True)


def test_a_name_that_is_not_utf8_stays():
    name = os.fsdecode(b"caf\xe9")
    assert spelled(name, local=True) == name
