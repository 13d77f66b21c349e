"""Looks at the disk of the machine that this session runs on; nothing is written or run.

Names are bytes here and travel as text with surrogates for what is no UTF-8, whatever this
Python takes for the file system's encoding.
"""

from __future__ import annotations

# ruff: noqa: PTH116, PTH119 -- pathlib takes no bytes
import contextlib
import errno
import heapq
import os
import stat
import time

MOST = 8 * 1024 * 1024  # bytes of one answer
WALK_SECONDS = 2.0  # after which a walk tells what it has and where it goes on


def raw(text):
    """Return the bytes of a name."""
    return text.encode("utf-8", "surrogateescape")


def text(name):
    """Return the text of a name's bytes."""
    return name.decode("utf-8", "surrogateescape")


def entry(name, status, problem=""):
    """Return what is told of one name."""
    kind = "file"
    if stat.S_ISDIR(status.st_mode):
        kind = "directory"
    elif stat.S_ISLNK(status.st_mode):
        kind = "symlink"
    return [
        text(name),
        kind,
        status.st_size,
        status.st_mtime,
        _named("pwd", "getpwuid", status.st_uid),
        _named("grp", "getgrgid", status.st_gid),
        "%o" % stat.S_IMODE(status.st_mode),
        problem,
    ]


def info(question):
    """Describe one path; a link is what it points to, where something is there."""
    path = raw(question["path"])
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = os.lstat(path)
    return {"entry": entry(os.path.basename(path.rstrip(b"/")), status)}


def names(question):
    """List a folder after a name: `most` entries, and the last name where there are more."""
    path = raw(question["path"])
    status = os.stat(path)
    if not stat.S_ISDIR(status.st_mode):
        return {"file": entry(os.path.basename(path), status)}
    entries, last = _page(path, question.get("after"), question["most"], follow=True)
    return {"entries": entries, "last": last}


def walk(question):
    """List folders and all below them for a while; `left` is where to go on.

    A folder comes before what is in it, links to folders stay links, and the first folder that
    refuses ends it. `folders` are texts with the name to go on after, the next one last.
    """
    waiting, found, most = list(question["folders"]), [], question["most"]
    until = time.monotonic() + WALK_SECONDS
    while waiting and most > 0 and time.monotonic() < until:
        folder, after = waiting.pop()
        try:
            entries, last = _page(raw(folder), after, most, follow=False)
        except FileNotFoundError:
            continue  # gone meanwhile
        except OSError as error:
            found.append([folder, [], error.errno, error.strerror or str(error)])
            break
        found.append([folder, entries, 0, ""])
        most -= len(entries) + 1
        if last is not None:
            waiting.append([folder, last])
        base = folder if folder.endswith("/") else folder + "/"
        below = [base + one[0] for one in entries if one[1] == "directory"]
        waiting += [[path, None] for path in reversed(below)]
    return {"found": found, "left": waiting}


def read(question):
    """Read a range of a regular file: what is told of it, and bytes (fewer at its end)."""
    path, start, size = raw(question["path"]), question["start"], question["size"]
    # a pipe without a writer must not be waited for
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            return {"special": True}, b""
        pieces, left = [], min(size, MOST)
        while left > 0:
            piece = os.pread(handle, left, start)
            if not piece:
                break
            pieces.append(piece)
            start, left = start + len(piece), left - len(piece)
    finally:
        os.close(handle)
    mark = "%d:%d" % (status.st_dev, status.st_ino)
    return {"size": status.st_size, "mark": mark}, b"".join(pieces)


def _page(path, after, most, follow):
    least = None if after is None else raw(after)
    with os.scandir(path) as found:
        wanted = (one for one in found if least is None or one.name > least)
        page = heapq.nsmallest(most + 1, wanted, key=lambda one: one.name)
    told = [_told(one, follow) for one in page[:most]]
    last = text(page[most - 1].name) if len(page) > most else None
    return [one for one in told if one is not None], last


def _told(one, follow):
    """Return what is told of a name in a folder; None where it is gone meanwhile."""
    try:
        status = one.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:  # a folder that may be listed but not entered
        kind = "directory" if one.is_dir(follow_symlinks=False) else "file"
        return [text(one.name), kind, 0, None, "", "", "", error.strerror or str(error)]
    if stat.S_ISLNK(status.st_mode):
        with contextlib.suppress(OSError):  # a link to nowhere, or in a circle
            target = one.stat()
            if follow or not stat.S_ISDIR(target.st_mode):
                status = target
    return entry(one.name, status)


def _named(module, function, number):
    try:
        return getattr(__import__(module), function)(number)[0]
    except (ImportError, KeyError):
        return str(number)
