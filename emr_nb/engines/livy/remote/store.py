"""Payloads that are longer than one statement's share, kept until they are fetched."""

from __future__ import annotations

import collections
import threading
import time

KEPT = 4  # payloads kept at most: two notebooks may fetch from one session at once
STALE = 600.0  # seconds without a fetch after which a payload may be dropped


class GoneError(LookupError):
    """A chunk was asked for that is not kept any more."""


class Store:
    """Chunks by (tag, seq), oldest first; safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._chunks = collections.OrderedDict()  # (tag, seq) -> [chunks, last touched, left]

    def keep(self, tag, seq, chunks):
        """Keep chunks 1… of a payload; chunk 0 travels with its header."""
        with self._lock:
            self._chunks[tag, seq] = [chunks, time.time(), set(range(1, len(chunks)))]

    def chunk(self, tag, seq, index):
        """Return one chunk; raises GoneError."""
        with self._lock:
            entry = self._chunks.get((tag, seq))
            if entry is None or not 0 <= index < len(entry[0]):
                raise GoneError("chunk %d of result %s/%d is not kept any more" % (index, tag, seq))
            entry[1] = time.time()
            entry[2].discard(index)
            return entry[0][index]

    def release(self, tag):
        """Drop all payloads of a statement; quiet when there are none."""
        with self._lock:
            for key in [key for key in self._chunks if key[0] == tag]:
                del self._chunks[key]

    def sweep(self):
        """Drop what was fetched or left alone, and the oldest above KEPT."""
        with self._lock:
            now = time.time()
            for key, (_, touched, left) in list(self._chunks.items()):
                if not left or now - touched > STALE:
                    del self._chunks[key]
            while len(self._chunks) > KEPT:
                self._chunks.popitem(last=False)
