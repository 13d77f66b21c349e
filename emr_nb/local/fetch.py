"""Fetches the files of a lock from a Maven repository: in parallel, resumable, checked."""

from __future__ import annotations

import hashlib
import os
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from emr_nb.errors import DownloadError, MissingExtraError
from emr_nb.local.lockfile import LockedFile

if TYPE_CHECKING:
    import httpx2

Progress = Callable[[str, int, int], None]  # what, bytes done, bytes in all

_WORKERS = 6
_ATTEMPTS = 4
_ADVICE = "Run it again: what has arrived is kept and the rest is fetched."


def repository_url() -> str:
    """Return the Maven repository's base URL; `EMR_NB_MAVEN` names a mirror."""
    if mirror := os.environ.get("EMR_NB_MAVEN"):
        return mirror.rstrip("/")
    try:
        from jgo.constants import MAVEN_CENTRAL_URL
    except ImportError as error:
        raise MissingExtraError(
            "The local cluster's parts cannot be fetched: jgo is not installed",
            where="Maven Central",
            advice="pip install 'emr-nb[local]'",
        ) from error
    return str(MAVEN_CENTRAL_URL).rstrip("/")


def verify_context() -> ssl.SSLContext | bool:
    """Return how to verify servers: the CA bundle of the usual variables, else the default."""
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if bundle := os.environ.get(variable):
            return ssl.create_default_context(cafile=bundle)
    return True


class Tally:
    """Counts the bytes of several downloads together; shared between threads."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self._what, self._total, self._progress = what, total, progress
        self._lock = threading.Lock()
        self._done = 0

    def add(self, count: int) -> None:
        """Add bytes (fewer than none when a part starts anew) and report."""
        with self._lock:
            self._done += count
            self._progress(self._what, self._done, self._total)


class Fetcher:
    """Fetches locked files into one folder; a half-fetched file goes on as `NAME.part`."""

    def __init__(
        self, folder: Path, base_url: str | None = None, stop: threading.Event | None = None
    ) -> None:
        self.folder = folder
        self.base_url = base_url or repository_url()
        self._stop = stop or threading.Event()
        self._failed = threading.Event()

    def fetch(self, what: str, files: Iterable[LockedFile], progress: Progress) -> None:
        """Fetch what is missing; raises DownloadError, and leaves only checked files."""
        import httpx2

        wanted = tuple(files)
        self.folder.mkdir(parents=True, exist_ok=True)
        tally = Tally(what, sum(file.size for file in wanted), progress)
        timeout = httpx2.Timeout(15.0)
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="emr_nb-fetch")
        with httpx2.Client(
            verify=verify_context(), timeout=timeout, follow_redirects=True
        ) as client:
            try:
                jobs = [pool.submit(self._one, client, file, tally) for file in wanted]
                for job in as_completed(jobs):
                    job.result()
                if self._stop.is_set():
                    raise DownloadError(f"{what} was interrupted", advice=_ADVICE)
            finally:
                self._failed.set()  # an interrupt or a failure ends the other downloads
                pool.shutdown(wait=True, cancel_futures=True)

    @property
    def _ending(self) -> bool:
        return self._stop.is_set() or self._failed.is_set()

    def _one(self, client: httpx2.Client, file: LockedFile, tally: Tally) -> None:
        target = self.folder / file.name
        if target.exists() and target.stat().st_size == file.size:
            tally.add(file.size)
            return
        part = target.with_name(target.name + ".part")
        counted = 0
        for attempt in range(_ATTEMPTS):
            if self._ending:
                return
            counted = self._attempt(client, file, part, tally, counted, attempt == _ATTEMPTS - 1)
            if part.exists() and part.stat().st_size == file.size:
                break
            self._stop.wait(0.5 * 2**attempt)
        self._accept(file, part, target)

    def _attempt(
        self,
        client: httpx2.Client,
        file: LockedFile,
        part: Path,
        tally: Tally,
        counted: int,
        last: bool,
    ) -> int:
        """Go on with the part once; return how many of its bytes are counted by now."""
        import httpx2

        try:
            return self._transfer(client, file, part, tally, counted)
        except (httpx2.HTTPError, OSError) as error:
            refused = isinstance(error, httpx2.HTTPStatusError) and error.response.status_code < 500
            if last or refused or isinstance(error, OSError):
                raise DownloadError(
                    f"{file.name} could not be fetched: {error or type(error).__name__}",
                    where=f"{self.base_url}/{file.path}",
                    advice=_ADVICE,
                ) from error
            return part.stat().st_size if part.exists() else 0

    def _transfer(
        self, client: httpx2.Client, file: LockedFile, part: Path, tally: Tally, counted: int
    ) -> int:
        have = part.stat().st_size if part.exists() else 0
        if have > file.size:
            part.unlink()
            have = 0
        tally.add(have - counted)
        if have == file.size:
            return have
        headers = {"Range": f"bytes={have}-"} if have else {}
        with client.stream("GET", f"{self.base_url}/{file.path}", headers=headers) as reply:
            reply.raise_for_status()
            if have and reply.status_code != HTTPStatus.PARTIAL_CONTENT:
                tally.add(-have)  # the server knows no ranges: it sends the whole again
                have = 0
            with part.open("ab" if have else "wb") as sink:
                for chunk in reply.iter_raw():
                    sink.write(chunk)
                    have += len(chunk)
                    tally.add(len(chunk))
                    if self._ending:
                        return have
        return have

    def _accept(self, file: LockedFile, part: Path, target: Path) -> None:
        """Check the finished part and give it its name; a wrong one is removed."""
        if self._ending and part.stat().st_size != file.size:
            return
        with part.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != file.sha256:
            part.unlink()
            raise DownloadError(
                f"{file.name} has the wrong checksum: {digest}, expected {file.sha256}",
                where=f"{self.base_url}/{file.path}",
                advice="Run it again; if it stays so, the repository or a proxy changes files.",
            )
        part.replace(target)
