"""What one statement writes: text of both streams and frames, in order."""

from __future__ import annotations

import io
import sys

from .frames import cut, encode, pack

SLACK = 1 << 20  # text beside the frames that still goes as it is


class Output:
    """The output of one statement, handed over as one text at its end."""

    def __init__(self, tag, chunk_bytes, store):
        self.tag = tag
        self.chunk_bytes = chunk_bytes
        self._store = store
        self._parts = []  # (stream, text); frames belong to "frame"
        self._used = 0
        self._seq = 0

    def write(self, stream, text):
        """Take text that user code wrote."""
        self._parts.append((stream, text))

    def emit(self, kind, header, raw=b""):
        """Add a frame; what exceeds this statement's share waits in the store."""
        self._parts.append(("frame", self._frame(kind, header, raw)))

    def _frame(self, kind, header, raw):
        seq, self._seq = self._seq, self._seq + 1
        packed, about = pack(raw)
        chunks = cut(packed, self.chunk_bytes - self._used, self.chunk_bytes)
        if len(chunks) > 1:
            self._store.keep(self.tag, seq, chunks)
        self._used += len(chunks[0])
        header = dict(header, payload=dict(about, chunks=len(chunks)))
        return encode(self.tag, kind, seq, header, chunks[0])

    def finish(self):
        """Return all of it as one text; stderr goes framed, so that it stays told apart."""
        texts = []
        for stream, text in _merged(self._parts):
            framed = stream == "stderr"
            texts.append(self._errors(text) if framed else text)
        whole = "".join(texts)
        if len(whole) > self.chunk_bytes + SLACK:
            self._used = 0
            whole = self._frame("output", {}, _utf8(whole))
        return whole

    def _errors(self, text):
        """Frame text of stderr; warnings and printed tracebacks in it name this cell."""
        named = text.replace("<cell %s>" % self.tag[:12], "<cell>")
        return self._frame("text", {"stream": "stderr"}, _utf8(named))


def _utf8(text):
    return text.encode("utf-8", "surrogatepass")


def _merged(parts):
    merged = []
    for stream, text in parts:
        if merged and merged[-1][0] == stream and stream != "frame":
            merged[-1][1].append(text)
        else:
            merged.append((stream, [text]))
    return [(stream, "".join(texts)) for stream, texts in merged]


class Stream(io.TextIOBase):
    """A stdout or stderr that outlives statements: a logging handler may keep it.

    Between our statements it hands over to whatever stream the session has then.
    """

    encoding = "utf-8"

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.target = None  # the Output of the running statement

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        if self.target is not None:
            self.target.write(self.name, text)
            return len(text)
        stream = getattr(sys, self.name)
        if stream is not self and stream is not None:
            stream.write(text)
        return len(text)

    def close(self):
        """Stay open: sessions close the streams of a statement at its end."""


class Logs:
    """Handlers of logging that hold the process's own stderr; they write here while a cell runs.

    Livy's shell sets logging up before it captures the streams: without this a logged warning
    ends in the driver's log alone.
    """

    def __init__(self, streams):
        self._streams = streams
        self._moved = []

    def take(self):
        """Point the root's handlers at our streams; quiet where logging was never loaded."""
        logging = sys.modules.get("logging")
        if logging is None:
            return
        own = {id(sys.__stderr__): "stderr", id(sys.__stdout__): "stdout"}
        for handler in list(logging.getLogger().handlers):
            name = own.get(id(getattr(handler, "stream", None)))
            if isinstance(handler, logging.StreamHandler) and name is not None:
                self._moved.append((handler, handler.stream, self._streams[name]))
                handler.stream = self._streams[name]

    def give_back(self):
        """Leave the handlers as they were, but for those that the cell has changed."""
        for handler, before, ours in self._moved:
            if handler.stream is ours:
                handler.stream = before
        self._moved = []
