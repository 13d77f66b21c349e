"""What an interrupt cuts off at HttpFS may come about a little later: nothing is lost or left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emr_nb.errors import FileError, PathNotFoundError
from emr_nb.files.webhdfs_rename import _by_gateway
from emr_nb.files.webhdfs_write import Upload
from emr_nb.model import FilePath
from emr_nb.transport.base import Reply

NEW, TARGET = FilePath("hdfs", "", "/d/new"), FilePath("hdfs", "", "/d/t")


class Names:
    """HttpFS's files by name; the change of number `cut` is interrupted, and done `when`."""

    def __init__(self, files: dict[str, str], cut: int = 0, when: str = "") -> None:
        self.files = files
        self._left, self._when = cut, when
        self._late: tuple[int, Any] | None = None  # the call before which it is done, and what
        self._calls = 0

    def call(
        self, method: str, path: FilePath, operation: str, parameters: Any = None, **_: Any
    ) -> Reply:
        self._calls += 1
        if self._late is not None and self._calls >= self._late[0]:
            self.arrive()
        if operation == "GETFILESTATUS":
            if path.key not in self.files:
                raise PathNotFoundError("Nothing is there", where=str(path))
            return reply({})
        if operation == "GETSERVERDEFAULTS":
            raise FileError("It does not tell")

        def act() -> bool:
            found = self.files.pop(path.key, None)
            if operation == "RENAME" and found is not None:
                self.files[parameters["destination"]] = found
            return found is not None

        return reply({"boolean": self._changed(act)})

    def arrive(self) -> None:
        """Do what is late still."""
        if self._late is not None:
            self._late[1]()
            self._late = None

    def hop(self, method: str, path: FilePath, *_: Any) -> Any:
        self._changed(lambda: self.files.setdefault(path.key, "half"))
        raise AssertionError("an upload is always cut here")

    def _changed(self, act: Any) -> Any:
        self._left -= 1
        if self._left != 0:
            return act()
        if self._when == "at once":
            act()
        elif self._when == "late":
            self._late = self._calls + 3, act
        raise KeyboardInterrupt


def reply(told: dict[str, Any]) -> Reply:
    return Reply(200, {}, json.dumps(told).encode(), "")


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("when", ["never", "at once", "late"])
def test_a_replaced_file_keeps_its_name_or_gives_it_to_the_new_one(cut, when):
    way: Any = Names({NEW.key: "new", TARGET.key: "old"}, cut, when)
    with pytest.raises(KeyboardInterrupt):
        _by_gateway(way, NEW, TARGET, overwrite=True)
    way.arrive()
    assert way.files[TARGET.key] in ("old", "new")
    aside = [name for name in way.files if name.endswith("._OLD_")]
    assert aside == [] or cut == 3  # the last change removes it


@pytest.mark.parametrize("when", ["never", "at once", "late"])
def test_a_broken_upload_leaves_no_beginning(when):
    ways: Any = Names({}, 1, when)
    with pytest.raises(KeyboardInterrupt):
        Upload(ways).put(TARGET, [b"x"], overwrite=False)
    ways.arrive()
    assert ways.files == {}
