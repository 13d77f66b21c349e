"""Where a preview begins: a file, a folder of parts, or the table of a table format."""

from __future__ import annotations

from emr_nb.errors import PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview import delta, folder, hudi, iceberg, opening
from emr_nb.files.preview.listing import below, exists
from emr_nb.files.preview.model import Options, Preview
from emr_nb.files.preview.source import Source
from emr_nb.model import FileEntry, FilePath


def begin(fs: FileSystem, path: FilePath, options: Options) -> Preview:
    """Preview what lies at a path."""
    entry = fs.info(path)
    if entry.is_directory:
        return _folder(fs, path, options)
    return _file(fs, entry, options)


def _file(fs: FileSystem, entry: FileEntry, options: Options) -> Preview:
    import pyarrow as pa

    if not entry.size:
        nothing = pa.schema([])
        return Preview(entry.path, "empty file", nothing, nothing.empty_table(), total_rows=0,
                       notes=("The file has no bytes.",))  # fmt: skip
    source = Source(fs, entry.path, entry.size, options.budget)
    body = opening.read(source, options)
    return Preview(
        entry.path,
        body.format,
        body.schema,
        body.rows,
        size=entry.size,
        read=source.count,
        total_rows=body.total_rows,
        compression=body.compression,
        unit=body.unit,
        groups=body.groups,
        notes=body.notes,
        image=body.image,
    )


def _folder(fs: FileSystem, path: FilePath, options: Options) -> Preview:
    page = fs.ls(path)
    names = {entry.name for entry in page.items}
    for marker, reader in (("_delta_log", delta.read), (".hoodie", hudi.read)):
        if marker in names or (page.after and exists(fs, path.child(marker))):
            return reader(fs, path, options)
    if "metadata" in names or (page.after and exists(fs, path.child("metadata"))):
        try:
            found = iceberg.newest_metadata(fs, path)
        except PathNotFoundError:
            found = None
        if found is not None:
            return iceberg.read(fs, path, found, options)
    return folder.read(fs, path, below(fs, path), options)
