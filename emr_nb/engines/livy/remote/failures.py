"""What a failed cell tells: the user's frames alone, and all that it printed before."""

from __future__ import annotations

import re
import traceback

_OURS = "<emr_nb>"
_WRAPPERS = ("awaitResult", "Job aborted.")


def told(error, filename, line):
    """Return `describe` of the error behind this one, or less where it resists."""
    try:
        return describe(unwrapped(error), filename, line)
    except Exception:  # asking the JVM for its words may fail as the cell did
        own = type(error).__name__
        return {"ename": own, "evalue": _text(error), "line": line, "traceback": []}


def describe(error, filename, line):
    """Return ename, evalue, the cell's line and the traceback without our own frames.

    `line` is that of the running step: it counts where no frame of the cell is left, as when
    its last expression failed while its rows were collected.
    """
    ename, evalue = type(error).__name__, _text(error)
    lines = _chained(error, filename, line, set())
    if isinstance(error, SyntaxError) and error.filename == filename:
        at = error.lineno
    else:
        at = _line(error, filename) or line
    if at is None:
        found = re.search(r"\bline (\d+),? pos", evalue)  # Spark's SQL errors
        at = int(found.group(1)) if found else None
    shown = [text.replace(filename, "<cell>") for text in lines]
    evalue = evalue.replace(filename, "<cell>")
    return {"ename": ename, "evalue": evalue, "line": at, "traceback": shown}


def _text(error):
    try:
        return str(error)
    except Exception as broken:
        return "<the error cannot be printed: %s>" % type(broken).__name__


def _frames(error):
    """Return the frames of an error's traceback without our own."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if not frame.filename.startswith(_OURS)]


def _line(error, filename):
    lines = [frame.lineno for frame in _frames(error) if frame.filename == filename]
    return lines[-1] if lines else None


def _chained(error, filename, line, seen):
    """Format an error with its causes, as Python does."""
    seen.add(id(error))
    text = []
    cause, context = error.__cause__, error.__context__
    if cause is not None and id(cause) not in seen:
        text += _chained(cause, filename, None, seen)
        text.append("\nThe above exception was the direct cause of the following exception:\n\n")
    elif context is not None and not error.__suppress_context__ and id(context) not in seen:
        text += _chained(context, filename, None, seen)
        text.append("\nDuring handling of the above exception, another exception occurred:\n\n")
    frames = _frames(error)
    if not any(frame.filename == filename for frame in frames):
        # pyspark's own frames say nothing where no line of the user's called it
        frames = [traceback.FrameSummary(filename, line, "<module>")] if line else []
    if frames:
        text.append("Traceback (most recent call last):\n")
        text += traceback.format_list(frames)
    return text + traceback.format_exception_only(type(error), error)


def stand_in(told, frame):
    """Return the exception to raise towards Livy: the same name, our frame after its text."""
    kind = type(str(told["ename"]), (Exception,), {"__module__": "builtins"})
    return kind("%s\n%s" % (told["evalue"], frame))


class JobError(Exception):
    """A Spark job failed while its rows were collected."""


def unwrapped(error):
    """Return the error behind one that only says that a served job failed.

    A job's failure reaches us as `SparkException: Exception thrown in awaitResult`, that of a
    job that writes as `Job aborted.`; the cause is turned into the exception that pyspark
    itself would raise.
    """
    cause = getattr(error, "java_exception", None)
    while cause is not None and any(word in str(cause.getMessage()) for word in _WRAPPERS):
        below = cause.getCause()
        if below is None:
            break
        cause = below
    made = None if cause is None else _converted(cause)
    return error if made is None else made.with_traceback(error.__traceback__)


def _converted(cause):
    try:
        from pyspark.errors.exceptions.captured import convert_exception
    except ImportError:
        try:
            from pyspark.sql.utils import convert_exception
        except ImportError:
            return None
    made = convert_exception(cause)
    if type(made).__name__ != "UnknownException":
        return made
    name = str(cause.getClass().getSimpleName())
    return type(name, (JobError,), {"__module__": "builtins"})(str(cause.getMessage()))
