"""The bytes of large objects by obstore, where it is installed and can spell the key.

obstore (Rust) moves bytes with a quarter of the processor time that Python's HTTP takes. It
normalises keys (`a//b`, `./x`) or refuses them, so it gets none but plain ones; it is asked
for one object's ranges only, and whatever it cannot do is done by our own signed HTTP, whose
errors say more. Writes are never its: an upload's completion must be conditional, encrypted
as the cluster wants it, and noted for when we crash.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FilePath

if TYPE_CHECKING:
    from emr_nb.files.s3_read import Bulk

# what every layer spells the same: no empty segment, no dots alone, nothing to be quoted
_PLAIN = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[\w.=-]+(?:/[\w.=-]+)*", re.ASCII)

_GIVE_UP = 3  # failures in a row, after which it is not asked any more: a proxy may be in the way


def can_spell(key: str) -> bool:
    """Tell whether obstore reads this very key."""
    return _PLAIN.fullmatch(key) is not None


def bulk_of(calls: S3Calls, *, requester_pays: bool) -> Bulk | None:
    """Return the fast client, None where obstore is not installed."""
    try:
        import obstore  # noqa: F401
    except ImportError:
        return None
    return ObstoreBulk(calls, requester_pays=requester_pays)


class ObstoreBulk:
    """Fetches ranges; one store a bucket, credentials asked for each time they are needed."""

    def __init__(self, calls: S3Calls, *, requester_pays: bool) -> None:
        self._calls = calls
        self._pays = requester_pays
        self._lock = threading.Lock()
        self._stores: dict[tuple[str, str, int], Any] = {}
        self._failures = 0  # in a row

    def fetch(self, path: FilePath, start: int, end: int, etag: str) -> bytes | None:
        """Return a range of the object that has this ETag; None where obstore does not."""
        if self._failures >= _GIVE_UP or not can_spell(path.key) or not etag:
            return None
        from obstore.exceptions import BaseError

        try:
            got = self._store(path).get(
                path.key, options={"range": (start, end), "if_match": f'"{etag}"'}
            )
            whole = bytes(got.bytes())
        except (BaseError, OSError, ValueError):
            self._failures += 1  # our own client asks again, and says what is wrong
            return None
        self._failures = 0
        return whole

    def _store(self, path: FilePath) -> Any:
        from obstore.store import S3Store

        access, region = self._calls.access_of(path), self._calls.region_of(path.authority)
        key = (path.authority, region, id(access))
        with self._lock:
            if key not in self._stores:
                base, prefix = self._calls.place(path.authority)
                self._stores[key] = S3Store(
                    path.authority,
                    region=region,
                    endpoint=base,
                    virtual_hosted_style_request=not prefix,
                    request_payer=self._pays,
                    credential_provider=_provider(access.current),
                    client_options={
                        "allow_http": base.startswith("http://"),
                        "connect_timeout": timedelta(seconds=5),
                        "timeout": timedelta(seconds=60),
                    },
                    retry_config={"max_retries": 2},
                )
            return self._stores[key]


def _provider(current: Any) -> Any:
    """Return obstore's way to ask for credentials: what it gets has expired at once."""

    def ask() -> dict[str, Any]:
        now = current()
        told = {"access_key_id": now.access_key, "secret_access_key": now.secret_key}
        if now.token:
            told["token"] = now.token
        return {**told, "expires_at": datetime.now(UTC)}

    return ask
