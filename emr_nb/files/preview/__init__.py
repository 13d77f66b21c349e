"""Previews of files and folders without any engine, by ranged reads over any file system."""

from __future__ import annotations

from emr_nb.files.base import FileSystem
from emr_nb.files.preview.model import (
    ColumnStats,
    Difference,
    Group,
    Image,
    Options,
    Preview,
    Snapshot,
)
from emr_nb.model import FilePath

__all__ = [
    "ColumnStats", "Difference", "Group", "Image", "Options", "Preview", "Snapshot", "preview",
]  # fmt: skip


def preview(fs: FileSystem, path: FilePath, options: Options | None = None) -> Preview:
    """Preview a file, a folder of parts, or a table of Iceberg, Delta or Hudi.

    Raises FileFormatError for what is damaged, and what the file system raises.
    """
    from emr_nb.files.preview.start import begin

    return begin(fs, path, options or Options())
