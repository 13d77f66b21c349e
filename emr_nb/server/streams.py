"""Bytes of files: downloads with ranges, and uploads that appear whole or not at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web
from tornado.iostream import StreamClosedError

from emr_nb.errors import EmrError, FileError, PathIsDirectoryError, UsageError
from emr_nb.server.failures import refused
from emr_nb.server.handlers import EmrHandler
from emr_nb.server.models.files import EntryId, Upload
from emr_nb.server.reached import allowed, entry_of, entry_view, path_of

if TYPE_CHECKING:
    from emr_nb.model import FileEntry
    from emr_nb.server.models.files import EntryView
    from emr_nb.server.state import ServerState

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_WAITING = 16  # chunks of an upload between the network and the store
_SILENT = 600.0  # seconds without a byte after which an upload has broken off
_END = b""


def download(
    state: ServerState, asked: EntryId
) -> tuple[FileEntry, Callable[..., Iterator[bytes]]]:
    """Return a file and what reads its bytes; raises PathIsDirectoryError."""
    connected = state.connections.get(asked.cluster)
    entry, store = entry_of(state, asked.cluster, connected, asked)
    entry = store.info(entry.path)  # the size that is read, not the one that a list told
    if entry.is_directory:
        raise PathIsDirectoryError(
            "A folder is not downloaded as one file",
            where=str(entry.path),
            advice="In a notebook: %emr get -r.",
        )
    return entry, lambda start, length: store.read(entry.path, start, length)


def upload(state: ServerState, asked: Upload, chunks: Iterator[bytes]) -> EntryView:
    """Write a file under a temporary name and put it in place; raises PathExistsError."""
    from emr_nb.browsing.places import new_name

    connected = state.connections.get(asked.cluster)
    folder = path_of(state, connected, asked.folder)
    target = allowed(state, folder.child(new_name(asked.name)))
    store = connected.filesystem(target)
    return entry_view(store.write(target, chunks, overwrite=asked.overwrite))


@web.stream_request_body
class ContentHandler(EmrHandler):
    """GET gives a file's bytes, PUT takes them; both hold a few chunks at a time."""

    _upload: Incoming | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        if self.request.method == "PUT" and self._refusal is None:
            try:
                self._upload = await self._begin()
            except (web.HTTPError, EmrError) as error:
                self._refusal = error

    async def _begin(self) -> Incoming:
        """Begin to write what comes, from who may; raises HTTPError and EmrError."""
        may = self.authorizer.is_authorized(self, self.current_user, "write", self.auth_resource)
        if not await ensure_async(may):
            raise web.HTTPError(403)
        most = self.state.upload_bytes
        told = self.request.headers.get("Content-Length", "")
        if told and (not told.isdigit() or int(told) > most):
            raise web.HTTPError(413, f"An upload may have {most:,} bytes")
        asked = self.operation().read(self.path_kwargs, self.query(), b"")
        assert isinstance(asked, Upload)
        self.request.connection.set_max_body_size(most)  # type: ignore[union-attr]
        return Incoming(self.state, asked)

    async def data_received(self, chunk: bytes) -> None:
        if self._upload is not None:
            await self._upload.put(chunk)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._upload is not None:
            self._upload.abort()

    @web.authenticated
    @authorized
    async def put(self, **parts: str) -> None:
        del parts
        self.operation()
        assert self._upload is not None
        try:
            self.answer(await self._upload.finish(), 201)
        except EmrError as error:
            self.fail(error)

    @web.authenticated
    @authorized
    async def get(self, **parts: str) -> None:
        asked = self.operation().read(parts, self.query(), b"")
        assert isinstance(asked, EntryId)
        state = self.state
        entry, read = await state.calls.run(lambda: download(state, asked))
        wanted = ranged(self.request.headers.get("Range", ""), entry.size)
        if wanted is None:
            self.set_header("Content-Range", f"bytes */{entry.size}")
            self.refuse(416, refused(416, f"The file has {entry.size:,} bytes"))
            return
        start, end = wanted
        if (start, end) != (0, entry.size):
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {start}-{end - 1}/{entry.size}")
        self._headers_of(entry, end - start)
        await self._send(read(start, end - start) if end > start else iter(()))

    def _headers_of(self, entry: FileEntry, length: int) -> None:
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", str(length))
        self.set_header("Accept-Ranges", "bytes")
        name = quote(download_name(entry), safe="")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")

    async def _send(self, chunks: Iterator[bytes]) -> None:
        """Send chunk by chunk; what breaks off half-way breaks the connection off too."""
        try:
            while (chunk := await self.state.calls.run(lambda: next(chunks, None))) is not None:
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            return  # the page has gone
        except EmrError as error:
            if not self._headers_written:
                for header in ("Content-Length", "Content-Range", "Content-Disposition"):
                    self.clear_header(header)
                self.fail(error)
                return
            self.log.warning("a download broke off: %s", error.what)
            if self.request.connection is not None:
                self.request.connection.stream.close()  # type: ignore[attr-defined]
            return
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                await self.state.calls.run(close)
        self.finish(set_content_type="application/octet-stream")


class Incoming:
    """An upload on its way from the event loop to the thread that writes it."""

    def __init__(self, state: ServerState, asked: Upload) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self._work = asyncio.wrap_future(
            state.calls.submit(lambda: upload(state, asked, self._chunks()))
        )
        self._aborted = False

    async def put(self, chunk: bytes) -> None:
        """Take a chunk, as soon as there is room; one that nobody writes any more is dropped."""
        putting: asyncio.Future[None] = asyncio.ensure_future(self._queue.put(chunk))
        both: set[asyncio.Future[Any]] = {putting, self._work}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()

    async def finish(self) -> EntryView:
        """Tell that all has come, and return what was written; raises what writing raised."""
        if not self._work.done():
            await self.put(_END)
        return await self._work

    def abort(self) -> None:
        """Have the writer fail: nothing stays under the file's name."""
        self._aborted = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        self._work.add_done_callback(_seen)

    def _chunks(self) -> Iterator[bytes]:
        while True:
            waiting = asyncio.run_coroutine_threadsafe(self._queue.get(), self._loop)
            try:
                chunk = waiting.result(_SILENT)
            except TimeoutError:
                waiting.cancel()
                chunk = None
            if chunk is None or self._aborted:
                raise FileError("The upload broke off", advice="Upload it again.")
            if chunk == _END:
                return
            yield chunk


def ranged(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and behind the last byte wanted; None for a range outside the file.

    What is not one plain range asks for the whole file, as RFC 9110 lets a server do.
    """
    found = _RANGE.match(header.strip())
    if found is None or found[1] == found[2] == "":
        return 0, size
    if not found[1]:
        last = int(found[2])
        return (max(0, size - last), size) if last and size else None
    start = int(found[1])
    end = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return 0, size
    return (start, end) if start < size else None


def download_name(entry: FileEntry) -> str:
    """Return the name that a browser saves a file under: no path, nothing that misleads."""
    from emr_nb.files.copy import local_name

    try:
        name = local_name(entry.path)
    except UsageError:
        return "download"
    return name.encode("utf-8", "replace").decode()


def _seen(work: asyncio.Future[Any]) -> None:
    """Take notice of an outcome that nobody awaits."""
    if not work.cancelled():
        work.exception()
