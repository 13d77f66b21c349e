"""Reads files by the session's own Hadoop client: EMRFS on a cluster of EMR.

A path comes as scheme, authority and key, and becomes a Hadoop path by its constructor of
parts, so that nothing in a key is taken for a URL's signs.
"""

from __future__ import annotations

import errno
import os

from .disk import MOST

_NUMBERS = {
    "java.io.FileNotFoundException": errno.ENOENT,
    "java.nio.file.AccessDeniedException": errno.EACCES,
    "org.apache.hadoop.security.AccessControlException": errno.EACCES,
}


class RefusedError(Exception):
    """Hadoop's client failed: its class and message."""


def read(question, spark):
    """Read a range: what is told of the file, and bytes (fewer at its end)."""
    try:
        return _read(question, spark)
    except OSError:
        raise
    except Exception as error:
        name, message = _words(error)
        if name in _NUMBERS:
            raise OSError(_NUMBERS[name], os.strerror(_NUMBERS[name])) from None
        raise RefusedError("%s: %s" % (name.rpartition(".")[2], message)) from None


def _words(error):
    """Return class and message of the JVM's error; pyspark wraps some in its own."""
    cause = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if cause is None:
        return type(error).__name__, str(error)
    return str(cause.getClass().getName()), str(cause.getMessage())


def _read(question, spark):
    jvm = spark.sparkContext._jvm
    scheme, authority, key = question["path"]
    path = jvm.org.apache.hadoop.fs.Path(scheme, authority, key)
    found = path.toUri()
    if (found.getAuthority(), found.getPath()) != (authority, key):
        return {"unspelled": True}, b""  # `a//b` and `a/../b` are other names to Hadoop
    files = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    status = files.getFileStatus(path)
    told = {
        "size": status.getLen(),
        "mark": "%d:%d" % (status.getLen(), status.getModificationTime()),
        "by": files.getClass().getSimpleName(),
    }
    if status.isDirectory():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    start, size = question["start"], min(question["size"], MOST)
    if size <= 0 or start >= status.getLen():
        return told, b""
    stream = files.open(path)
    try:
        stream.seek(start)
        part = jvm.org.apache.commons.io.input.BoundedInputStream(stream, size)
        # by value: filling an array of ours would take a call for each byte
        return told, bytes(jvm.org.apache.commons.io.IOUtils.toByteArray(part))
    finally:
        stream.close()
