"""What one session shares with its notebook on the cluster's storage: made late, removed early."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from emr_nb.engines.livy.code import remove_code
from emr_nb.engines.livy.scala import derived
from emr_nb.engines.scratch import Scratch, scratch_of, store_of
from emr_nb.errors import EmrError, ResultError
from emr_nb.files.base import FileSystem
from emr_nb.model import FilePath, Request
from emr_nb.results.plan import TransferPlan

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext
    from emr_nb.engines.livy.session import LivySession

LIVY_USER = "livy"  # who runs Spark for Livy where it impersonates nobody


class PrivateFolder:
    """The private folder of one session; may be used from several threads."""

    def __init__(self, session: LivySession, context: ClusterContext) -> None:
        self._session = session
        self._context = context
        self._lock = threading.Lock()
        self._made: Scratch | None = None
        self._sought = False

    def scratch(self) -> Scratch | None:
        """Return the folder, made on first use; None where no store takes one."""
        with self._lock:
            if not self._sought:
                info, hdfs = self._session.info, self._session.cancel_files.store
                self._made = scratch_of(
                    self._context, info.id, {info.proxy_user or LIVY_USER}, hdfs
                )
                self._sought = True
            return self._made

    def planned(self, request: Request, plan: TransferPlan) -> str:
        """Return the place that a large result would go to; empty where it needs none."""
        brings = request.output is not None or request.language == "sql" or plan.limit is None
        if plan.spool or not brings or not plan.may_be_large:
            return plan.spool
        scratch = self.scratch()
        return str(scratch.path(request.tag)) if scratch else ""

    def store_of(self, path: FilePath) -> FileSystem:
        """Return the store of a spool; raises ResultError where this process has none."""
        store = store_of(self._context, path, self._session.cancel_files.store)
        if store is None:
            raise ResultError(
                "The result lies where this notebook cannot read",
                where=str(path),
                advice="Attach the cluster so that its HDFS is reached, and run the cell again.",
            )
        return store

    def remove_spool(self, tag: str, spool: str) -> None:
        """Remove what a statement wrote; where only the engine may, it does. Swept if it fails."""
        path = FilePath.parse(spool)
        with contextlib.suppress(EmrError):
            if not Scratch(self.store_of(path), path).remove(path):
                name = derived(tag, "remove")
                self._session.send(remove_code(name, spool), "pyspark", name)
            self._session.journal.update(tag, spool="")

    def close(self) -> None:
        """Remove the folder and all in it; what resists is swept later."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            with contextlib.suppress(EmrError):
                made.remove(made.home)
