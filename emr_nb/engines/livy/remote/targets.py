"""Write a DataFrame to files by the executors: all of it under its name, or nothing.

On a file system that renames, the job writes beside the target and is put in place at its
end. On an object store it writes new objects, and what they replace is deleted afterwards.
"""

from __future__ import annotations

import contextlib

OBJECT_STORES = ("s3", "s3a", "s3n")
REBASE = {  # dates before 1582 as they are; timestamps as every reader of Parquet has them
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
CSV = {  # every text comes back as it was: Spark would trim it, and escape with backslashes
    "header": "true",
    "escape": '"',
    "emptyValue": '""',
    "nullValue": "",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}


# words of the protocol: the notebook looks for the name
class TargetExists(Exception):  # noqa: N818
    """Something is at the target, and it was not to be replaced."""


def write(session, frame, target, tag):
    """Execute a DataFrame once into files; return how many they are and their bytes."""
    place = Place(session, target["path"])
    if place.exists(place.path) and not target["overwrite"]:
        raise TargetExists(target["path"])
    with settings(session, REBASE):
        if place.renames:
            _beside(place, frame, target["format"], tag)
        else:
            _among(place, frame, target["format"])
    files = [status for status in place.files() if status.getLen() or _is_part(status)]
    return {"files": len(files), "bytes": sum(status.getLen() for status in files)}


def _beside(place, frame, form, tag):
    new, old = place.beside(".emr_nb-%s" % tag), place.beside(".emr_nb-%s-old" % tag)
    try:
        _save(frame, form, new, "errorifexists")
        replaced = place.exists(place.path)
        if replaced:
            place.rename(place.path, old)
        try:
            place.rename(new, place.path)
        except BaseException:
            if replaced:
                place.rename(old, place.path)
            raise
        if replaced:
            place.delete(old)
    except BaseException:  # also KeyboardInterrupt
        with contextlib.suppress(Exception):
            place.delete(new)
        raise


def _among(place, frame, form):
    before = place.files() if place.exists(place.path) else []
    _save(frame, form, place.path, "append")
    for status in before:
        place.delete(status.getPath())


def _save(frame, form, path, mode):
    options = CSV if form == "csv" else {}
    frame.write.mode(mode).options(**options).format(form).save(path.toString())


class Place:
    """A path on one Hadoop file system."""

    def __init__(self, session, text):
        self._jvm = session.sparkContext._jvm
        self.path = self._jvm.org.apache.hadoop.fs.Path(text)
        self._files = self.path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())
        self.renames = (self._files.getUri().getScheme() or "") not in OBJECT_STORES

    def exists(self, path):
        """Tell whether anything is at a path."""
        return self._files.exists(path)

    def beside(self, name):
        """Return a path in the folder of ours."""
        return self._jvm.org.apache.hadoop.fs.Path(self.path.getParent(), name)

    def rename(self, source, target):
        """Rename; raises OSError when the file system would not."""
        if not self._files.rename(source, target):
            raise OSError("%s could not be renamed to %s" % (source, target))

    def delete(self, path):
        """Remove a path and all below it."""
        self._files.delete(path, True)

    def files(self):
        """Return the statuses of what lies in our folder, marker files left out."""
        found = self._files.listStatus(self.path)
        return [s for s in found if not s.getPath().getName().startswith(("_", "."))]


def _is_part(status):
    return status.getPath().getName().startswith("part-")


@contextlib.contextmanager
def settings(session, values):
    """Set Spark's settings meanwhile; afterwards the user's own are back."""
    conf = session.conf
    with contextlib.ExitStack() as stack:
        for key, value in values.items():
            old = conf.get(key, None)
            stack.callback(*((conf.unset, key) if old is None else (conf.set, key, old)))
            conf.set(key, value)
        yield
