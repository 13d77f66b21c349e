"""Which store a path text means on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points

from emr_nb.errors import UsageError
from emr_nb.model import FilePath, Service


def cluster_path(text: str, services: Sequence[Service]) -> FilePath:
    """Resolve path text; a bare absolute path is on the cluster's default file system.

    That is what the `webhdfs` service's `fs.defaultFS` says, else HDFS. Raises UsageError on
    a relative path or an unknown scheme; nothing is expanded or normalised.
    """
    try:
        path = FilePath.parse(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is neither an absolute path nor a URL",
            advice="Write /path (on the cluster), s3://bucket/key, hdfs:///path or file:///path.",
        ) from error
    if "://" not in text and path.scheme == "hdfs":
        return _on_default(text, services)
    if path.scheme not in ("hdfs", "s3", "file", "node"):
        others = {entry.name for entry in entry_points(group="emr_nb.filesystems")}
        if path.scheme not in others:  # a third party's
            known = ", ".join(sorted(others | {"hdfs", "s3", "file", "node"}))
            raise UsageError(
                f"No file system is known for {path.scheme}://", advice=f"There are: {known}."
            )
    return path


def _on_default(text: str, services: Sequence[Service]) -> FilePath:
    default = default_file_system(services)
    if default is None or default.scheme == "hdfs":
        return FilePath("hdfs", "", text)
    return FilePath(default.scheme, default.authority, text.lstrip("/"))


def default_file_system(services: Sequence[Service]) -> FilePath | None:
    """Return the root of `fs.defaultFS` where the cluster's facts tell it."""
    for service in services:
        if service.name in ("webhdfs", "hdfs") and (
            told := service.properties.get("fs.defaultFS", "")
        ):
            return FilePath.parse(told)
    return None
