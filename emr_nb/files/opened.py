"""File objects over the stores: `open` as Python's own, for reading by blocks and for writing.

What is written appears whole when the file is closed, or not at all: an error inside `with`
drops it.
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Self, cast

from emr_nb.errors import EmrError, FileError, PathIsDirectoryError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.files.blocks import Blocks
from emr_nb.model import FileEntry, FilePath

_CHUNK = 1024 * 1024
_WAITING = 8  # chunks
_MODES = {"r", "rb", "w", "wb", "x", "xb"}


def open_file(
    fs: FileSystem,
    path: FilePath,
    mode: str = "rb",
    *,
    overwrite: bool = False,
    encoding: str = "utf-8",
    newline: str | None = None,
) -> IO[Any]:
    """Open a file; raises UsageError for a mode that no store has (`a`, `r+`).

    `w` refuses what is there unless `overwrite`; `x` always does.
    """
    if mode.replace("t", "") not in _MODES:
        raise UsageError(
            f"Mode {mode!r} does not exist here",
            where=str(path),
            advice="r, rb, w, wb, x and xb do.",
        )
    raw: io.RawIOBase
    if mode[0] == "r":
        raw = RemoteReader(fs, path)
        binary: Any = io.BufferedReader(raw, 64 * 1024)
    else:
        raw = RemoteWriter(fs, path, overwrite=overwrite and mode[0] == "w")
        binary = raw
    if "b" in mode:
        return cast("IO[Any]", binary)
    if mode[0] != "r":
        binary = _Written(raw)
    return _Text(binary, encoding=encoding, newline=newline)


class RemoteReader(io.RawIOBase):
    """A file for reading, seekable; its size is that of when it was opened."""

    def __init__(self, fs: FileSystem, path: FilePath, entry: FileEntry | None = None) -> None:
        super().__init__()
        self.entry = entry or fs.info(path)
        if self.entry.is_directory:
            raise PathIsDirectoryError("It is a directory", where=str(path))
        self.name = str(path)
        self.mode = "rb"
        self.size = self.entry.size
        self.blocks = Blocks(lambda start, length: fs.read(path, start, length), self.size)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("a file has no place before its beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.blocks.read(self._at, len(view))
        wanted = min(len(view), max(0, self.size - self._at))
        if len(data) != wanted:
            raise FileError(
                f"It had {self.size:,} bytes when it was opened and ends earlier now",
                where=self.name, advice="It was replaced: open it again.",
            )  # fmt: skip
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readall(self) -> bytes:
        data = self.blocks.read(self._at, max(0, self.size - self._at))
        self._at += len(data)
        return data


class RemoteWriter(io.RawIOBase):
    """A file for writing, by a thread that the store's `write` runs in."""

    def __init__(self, fs: FileSystem, path: FilePath, *, overwrite: bool) -> None:
        super().__init__()
        self.name = str(path)
        self.mode = "wb"
        self._pump = _Pump(fs, path, overwrite=overwrite)
        self._buffer = bytearray()
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        if self.closed:
            raise ValueError("the file is closed")
        view = memoryview(data).cast("B")
        self._buffer += view
        self._at += len(view)
        while len(self._buffer) >= _CHUNK:
            self._pump.put(bytes(self._buffer[:_CHUNK]))
            del self._buffer[:_CHUNK]
        return len(view)

    def close(self) -> None:
        """Put the file in place; raises what the store raises."""
        if self.closed:
            return
        try:
            if self._buffer:
                self._pump.put(bytes(self._buffer))
                self._buffer.clear()
            self._pump.end(None)
        finally:
            super().close()

    def discard(self, reason: BaseException | None = None) -> None:
        """Drop what was written: nothing stands under the name."""
        if not self.closed:
            self._pump.end(reason or _Dropped())
            super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.discard()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __del__(self) -> None:  # never closed: it was not finished
        self.discard()


class _Pump:
    """Hands chunks to a thread that the store's `write` runs in; knows nothing of the file."""

    def __init__(self, fs: FileSystem, path: FilePath, *, overwrite: bool) -> None:
        self._chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(
            target=self._write, args=(fs, path), kwargs={"overwrite": overwrite},
            name="emr_nb-write", daemon=True,
        )  # fmt: skip
        self._thread.start()

    def put(self, chunk: bytes | BaseException | None) -> None:
        """Hand over a chunk, or the end; raises what the write raised."""
        while self._thread.is_alive():
            try:
                self._chunks.put(chunk, timeout=0.1)
                return
            except queue.Full:
                continue
        if self._failure is not None:
            raise self._failure

    def end(self, last: BaseException | None) -> None:
        """Have the file put in place, or with an error dropped; raises what the write raised."""
        if last is not None:
            self._drain()
            with suppress(EmrError):  # the error that drops it is the one to tell
                self.put(last)
            self._thread.join()
            return
        self.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _drain(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._chunks.get_nowait()

    def _write(self, fs: FileSystem, path: FilePath, *, overwrite: bool) -> None:
        try:
            fs.write(path, self._taken(), overwrite=overwrite)
        except _Dropped:
            pass
        except BaseException as error:  # noqa: BLE001 -- raised by who writes
            self._failure = error

    def _taken(self) -> Iterator[bytes]:
        while (chunk := self._chunks.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk


class _Dropped(Exception):  # noqa: N818 -- never leaves this module
    """Ends a write whose bytes are not wanted any more."""


class _Written(io.BufferedWriter):
    """A buffer over a writer whose drop it passes on."""

    def discard(self) -> None:
        raw = self.raw
        if isinstance(raw, RemoteWriter):
            raw.discard()


class _Text(io.TextIOWrapper):
    """Text whose error inside `with` drops what was written."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and isinstance(self.buffer, _Written):
            self.buffer.discard()
            return
        super().__exit__(kind, error, traceback)
