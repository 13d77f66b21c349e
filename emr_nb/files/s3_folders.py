"""Directories of S3: what lies below a prefix, and whether anything does."""

from __future__ import annotations

from contextlib import suppress

from emr_nb.errors import FileError, PathNotDirectoryError, PathNotFoundError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_head import Heads
from emr_nb.files.s3_list import MARKER, Lister, entry_of, folder_entry, folder_key
from emr_nb.files.s3_read import GET
from emr_nb.model import FileEntry, FilePath


class Folders:
    """The directories of one identity's buckets."""

    def __init__(self, calls: S3Calls, lister: Lister, heads: Heads) -> None:
        self._calls = calls
        self._lister = lister
        self._heads = heads

    def entries(
        self, path: FilePath, prefix: str, page: s3_xml.Listing, *, first: bool
    ) -> list[FileEntry]:
        """Return the entries of one page of a listing."""
        folders = dict.fromkeys(page.prefixes)
        files = []
        for found in page.objects:
            if found.key == prefix and not found.size:
                continue  # the directory's own marker
            if found.key.endswith(MARKER) and not found.size:
                folder = found.key[: -len(MARKER)] + "/"
                # keys below it sort before the marker: on a later page they were listed
                below = None if first else self._lister.page(path, folder, limit=1)
                if folder != prefix and (below is None or not below.objects):
                    folders.setdefault(folder)
                continue
            files.append(entry_of(path.authority, found))
        return [folder_entry(path.authority, key) for key in folders] + files

    def exists(self, path: FilePath) -> bool:
        """Tell whether a path is a bucket, a prefix that something lies below, or a marker."""
        if not path.key:
            return True
        prefix = folder_key(path.key)
        page = self._lister.page(path, prefix, limit=1)
        if page.objects:
            # `dir/` with bytes in it and nothing below is an object
            return page.objects[0].key != prefix or not page.objects[0].size
        try:
            marker = FilePath("s3", path.authority, prefix[:-1] + MARKER)
            return not int(self._calls.request("HEAD", marker, GET).headers["content-length"])
        except (PathNotFoundError, KeyError):
            return False

    def absent(self, path: FilePath) -> FileError:
        """Return the error of a path with a closing slash that is no directory."""
        with suppress(PathNotFoundError):
            self._heads.entry(FilePath("s3", path.authority, path.key.rstrip("/")))
            return PathNotDirectoryError(
                "An object has this name, without the slash", where=str(path)
            )
        return PathNotFoundError("Nothing is there", where=str(path))
