"""Interruption: a thread looks for a cancel signal and interrupts the running cell."""

from __future__ import annotations

import signal
import threading
import time

FIRST, EVERY = 0.5, 0.4  # seconds
ARRIVAL = 10.0  # seconds that a signal on its way may take on a loaded machine


class Watch:
    """Watches one cell; a signal that comes late reaches nobody.

    `signal.exists` tells whether the signal is there, `signal.cancel_jobs` stops the Spark
    jobs of the cell; both are called in the thread that looks. Without a signal nothing is
    watched.
    """

    def __init__(self, signal):
        self._signal = signal
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._active = False
        self._sent = False
        self._handled = False
        self._previous = None

    def __enter__(self):
        if self._signal is None:
            return self
        self._active = True
        self._thread = threading.current_thread().ident
        if threading.current_thread() is threading.main_thread():
            self._previous = (signal.signal(signal.SIGINT, self._handle),)
        watcher = threading.Thread(target=self._look, name="emr_nb-watch", daemon=True)
        watcher.start()
        return self

    def __exit__(self, *_):
        if self._signal is None:
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
        with self._signal:
            while not self._done.wait(pause):
                pause = EVERY
                try:
                    found = self._signal.exists()
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
                self._signal.cancel_jobs()
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


class FileSignal:
    """A path whose appearance interrupts a cell; a context manager for the thread that looks.

    It has connections to the JVM of its own. py4j lends those of the session to whichever
    thread asks, and the JVM serves each by a thread of its own, which holds the job group: a
    cell that got another one back ran its jobs outside its group, not counted nor cancelled.
    """

    def __init__(self, context, path, group):
        self._parameters = context._gateway.gateway_parameters
        self._path = path
        self._group = group

    def __enter__(self):
        from py4j.java_gateway import GatewayParameters, JavaGateway

        told = self._parameters
        own = GatewayParameters(  # it connects when something is asked
            address=told.address,
            port=told.port,
            auto_convert=told.auto_convert,
            auth_token=told.auth_token,
        )
        self._gateway = JavaGateway(gateway_parameters=own)
        return self

    def __exit__(self, *_):
        self._gateway.close()

    def _context(self):
        return self._gateway.jvm.org.apache.spark.SparkContext.getOrCreate()

    def exists(self):
        """Tell whether the path exists, by the JVM's Hadoop client."""
        where = self._gateway.jvm.org.apache.hadoop.fs.Path(self._path)
        store = where.getFileSystem(self._context().hadoopConfiguration())
        return bool(store.exists(where))

    def cancel_jobs(self):
        """Stop the jobs of the cell's group; all of them where it has none."""
        context = self._context()
        if self._group:
            context.cancelJobGroup(self._group)
        else:
            context.cancelAllJobs()
