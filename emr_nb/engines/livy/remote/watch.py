"""Interruption: a thread looks for a cancel signal and interrupts the running cell."""

from __future__ import annotations

import signal
import threading
import time

FIRST, EVERY = 0.5, 0.4  # seconds
ARRIVAL = 10.0  # seconds that a signal on its way may take on a loaded machine


class Watch:
    """Watches one cell; a signal that comes late reaches nobody.

    `exists` tells whether the signal is there; `cancel_jobs` stops the Spark jobs of the
    cell. Without `exists` nothing is watched.
    """

    def __init__(self, exists, cancel_jobs):
        self._exists = exists
        self._cancel_jobs = cancel_jobs
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._active = False
        self._sent = False
        self._handled = False
        self._previous = None

    def __enter__(self):
        if self._exists is None:
            return self
        self._active = True
        self._thread = threading.current_thread().ident
        if threading.current_thread() is threading.main_thread():
            self._previous = (signal.signal(signal.SIGINT, self._handle),)
        watcher = threading.Thread(target=self._look, name="emr_nb-watch", daemon=True)
        watcher.start()
        return self

    def __exit__(self, *_):
        if self._exists is None:
            return
        try:
            with self._lock:  # held while jobs are cancelled: those of the next cell are safe
                self._active = False
            self._done.set()
            until = time.time() + ARRIVAL
            while self._sent and self._previous and not self._handled and time.time() < until:
                time.sleep(0.01)  # a signal on its way must still find our handler
        finally:  # it may arrive in the lines above, too
            self._active = False
            self._done.set()
            if self._previous and self._previous[0] is not None:
                signal.signal(signal.SIGINT, self._previous[0])

    def _handle(self, _number, _frame):
        self._handled = True
        if self._active:
            self._active = False
            raise KeyboardInterrupt("cancelled from the notebook")

    def _look(self):
        pause = FIRST
        while not self._done.wait(pause):
            pause = EVERY
            try:
                found = self._exists()
            except Exception:
                continue  # the file system may be away for a moment
            if found:
                self._interrupt()
                return

    def _interrupt(self):
        with self._lock:
            if not self._active:
                return
            try:
                self._cancel_jobs()
            except Exception:
                pass  # interrupting the interpreter matters more
            self._sent = True
            if self._previous:
                signal.pthread_kill(self._thread, signal.SIGINT)
            else:
                _raise_in(self._thread)


def _raise_in(thread):
    """Raise KeyboardInterrupt in a thread that is not the main one."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt)
    )


def file_signal(session, path):
    """Return a function that tells whether a path exists, by the JVM's Hadoop client."""
    jvm = session.sparkContext._jvm
    conf = session.sparkContext._jsc.hadoopConfiguration()

    def exists():
        where = jvm.org.apache.hadoop.fs.Path(path)
        return bool(where.getFileSystem(conf).exists(where))

    return exists
