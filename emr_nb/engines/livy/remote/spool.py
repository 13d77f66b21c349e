"""Results that the executors write to a private folder, whence the notebook reads them.

A partition's Arrow batches become one SequenceFile (`RDD.saveAsObjectFile`): the JVM alone
makes it, its types are those of the stream, and Hadoop's committer shows all of it or nothing.
"""

from __future__ import annotations

import contextlib

from . import arrow, targets, wire

COMPRESS = "mapreduce.output.fileoutputformat.compress"  # of SequenceFiles; batches go as they are


def fits_inline(jdf, small):
    """Tell, without executing anything, whether a result is surely of `small` bytes or less.

    Spark's statistics bound it from above, but for rows that a generator multiplies and for
    what Python makes of rows.
    """
    plan = jdf.queryExecution().optimizedPlan()
    if int(str(plan.stats().sizeInBytes())) > small:
        return False
    text = plan.toString()
    return not any(word in text for word in ("Generate ", "InPandas", "InArrow", "MapPartitions"))


def denied(session, path):
    """Return why the folder above a path cannot be written to; an empty text when it can."""
    jvm = session.sparkContext._jvm
    parent = jvm.org.apache.hadoop.fs.Path(path).getParent()
    action = jvm.org.apache.hadoop.fs.permission.FsAction.WRITE_EXECUTE
    try:
        _files(session, parent).access(parent, action)
    except Exception as error:
        cause = str(getattr(error, "java_exception", error))
        if path.startswith("s3") and "FileNotFoundException" in cause:
            return ""  # an object store has no folder before there is something in it
        return cause.splitlines()[0]
    return ""


def write(session, jdf, path):
    """Execute a Dataset once into a folder that is not there yet.

    Returns the schema as an Arrow stream without batches, and the name and bytes of each part,
    in the order of the rows. Whatever fails leaves nothing behind.
    """
    schema = arrow.collect(jdf.limit(0))[0]  # an empty relation: nothing is executed for it
    with _whole(session, path) as found, _plain(session):
        jdf.toArrowBatchRdd().saveAsObjectFile(path)
    return schema, found


def takes_parquet(session, fields, limit):
    """Tell whether Parquet files of this Spark hold all of these columns' values as they are."""
    version = tuple(int(number) for number in str(session.version).split(".")[:2])
    if limit is not None or version < (3, 2):  # which had other words for REBASE, and no zstd
        return False
    names = [field["name"].lower() for field in fields]
    if version < (3, 3) and any(set(name) & set(" ,;{}()\n\t=") for name in names):
        return False
    told_apart = bool(names) and all(names) and len(set(names)) == len(names)
    return told_apart and all(wire.is_plain(field["type"]) for field in fields)


def write_parquet(session, frame, path):
    """Execute a DataFrame once into Parquet files; returns what `write` returns of its parts."""
    settings = dict(targets.REBASE, **{"spark.sql.parquet.writeLegacyFormat": "false"})
    with _whole(session, path) as found, targets.settings(session, settings):
        frame.write.option("compression", "zstd").parquet(path)
    return found


@contextlib.contextmanager
def _whole(session, path):
    """Give the list of a folder's parts, filled once they are written; else leave nothing."""
    target = session.sparkContext._jvm.org.apache.hadoop.fs.Path(path)
    files, found = _files(session, target), []
    try:
        yield found
        found += parts(files, target)
    except BaseException:  # also KeyboardInterrupt
        with contextlib.suppress(Exception):
            files.delete(target, True)
        raise


def parts(files, folder):
    """Return name and bytes of the part files of a folder, in the order of their partitions."""
    found = [(status.getPath().getName(), status.getLen()) for status in files.listStatus(folder)]
    parts_ = [[name, size] for name, size in found if name.startswith("part-")]
    # the number has five digits, and more from the 100,000th on
    return sorted(parts_, key=lambda part: (len(part[0]), part[0]))


def remove(session, path):
    """Remove a folder; quiet when it is not there."""
    target = session.sparkContext._jvm.org.apache.hadoop.fs.Path(path)
    _files(session, target).delete(target, True)


def _files(session, path):
    return path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())


@contextlib.contextmanager
def _plain(session):
    """Write SequenceFiles uncompressed meanwhile, whatever the cluster's default is."""
    conf = session.sparkContext._jsc.hadoopConfiguration()
    before = conf.get(COMPRESS)
    conf.set(COMPRESS, "false")
    try:
        yield
    finally:
        if before is None:
            conf.unset(COMPRESS)
        else:
            conf.set(COMPRESS, before)
