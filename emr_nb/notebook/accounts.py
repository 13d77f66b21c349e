"""The accounts of the statements that this kernel ran, newest last, for `%emr why`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from emr_nb.engines.account import Account, Accounts

_MOST = 200


class KeptAccounts:
    """What ended statements took; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Account] = OrderedDict()

    def keep(self, statement: Any) -> None:
        """Keep what a statement tells of itself; nothing of one that tells nothing."""
        account = statement.account if isinstance(statement, Accounts) else None
        if account is None:
            return
        with self._lock:
            self._kept[statement.reference.tag] = account
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def find(self, tag: str) -> tuple[str, Account] | None:
        """Return a statement's tag and account by the beginning of its tag, by default the last."""
        with self._lock:
            found = (pair for pair in reversed(self._kept.items()) if pair[0].startswith(tag))
            return next(found, None)
