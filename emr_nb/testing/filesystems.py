"""The contract that every FileSystem keeps, as mixin classes for pytest.

A test class inherits one or all of the mixins and gives two fixtures: `fs`, the file
system, and `root`, a fresh directory on it. What a store truly cannot do is declared in
class attributes, so that it shows.
"""

from __future__ import annotations

import pytest

from emr_nb.errors import PathDeniedError
from emr_nb.files.base import FileSystem
from emr_nb.model import FilePath
from emr_nb.testing.fs_faults import HostileContract, InterruptContract, MixUpContract, RaceContract
from emr_nb.testing.fs_helpers import ODD_NAMES, at_once, content, every_entry, names
from emr_nb.testing.fs_reading import ListContract, ReadContract
from emr_nb.testing.fs_writing import ChangeContract, CopyContract, ThreadContract, WriteContract


class FileSystemContract(
    ReadContract,
    WriteContract,
    ListContract,
    ChangeContract,
    ThreadContract,
    CopyContract,
    HostileContract,
    MixUpContract,
    RaceContract,
    InterruptContract,
):
    """All of it."""


class DeniedContract:
    """What we may not do is told apart from what is not there; needs a fixture `denied`."""

    def test_denied(self, fs: FileSystem, denied: FilePath) -> None:
        for act in (
            lambda: every_entry(fs, denied),
            lambda: fs.write(denied.child("x"), [b"x"]),
            lambda: fs.mkdir(denied.child("d")),
        ):
            with pytest.raises(PathDeniedError) as caught:
                act()
            assert isinstance(caught.value, PermissionError)


__all__ = [
    "ODD_NAMES",
    "ChangeContract",
    "CopyContract",
    "DeniedContract",
    "FileSystemContract",
    "HostileContract",
    "InterruptContract",
    "ListContract",
    "MixUpContract",
    "RaceContract",
    "ReadContract",
    "ThreadContract",
    "WriteContract",
    "at_once",
    "content",
    "every_entry",
    "names",
]
