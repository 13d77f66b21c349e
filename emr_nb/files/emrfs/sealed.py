"""Opens objects that were encrypted before they came to S3, and seals new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from emr_nb.context import Asking, no_session
from emr_nb.errors import FileError, PathNotFoundError
from emr_nb.files.emrfs import envelope as envelopes
from emr_nb.files.emrfs import keys
from emr_nb.files.emrfs.custom import BySession
from emr_nb.files.emrfs.envelope import SUFFIX, Envelope
from emr_nb.files.emrfs.policy import Encryption, Policy
from emr_nb.files.emrfs.reading import Decrypting
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_read import read_range
from emr_nb.model import FilePath

_LARGEST = 64 * 1024  # bytes of an instruction file


class SealedError(Exception):
    """Raised inside a read when the first reply shows an envelope; never leaves this package."""

    def __init__(self, headers: Mapping[str, str], envelope: Envelope) -> None:
        super().__init__("sealed")
        self.headers = headers
        self.envelope = envelope


class Sealed:
    """Envelopes of one identity's objects."""

    def __init__(
        self,
        calls: S3Calls,
        policy: Callable[[], Policy],
        asking: Callable[[], Asking | None] = no_session,
        most: int = 64 * 2**20,
    ) -> None:
        self._calls = calls
        self._policy = policy
        self._asking = asking
        self._most = most

    def look(self, path: FilePath, headers: Mapping[str, str]) -> None:
        """Raise SealedError where a reply's headers, or a file beside, show an envelope."""
        envelope = self.envelope(path, headers)
        if envelope is not None:
            raise SealedError(headers, envelope)

    def envelope(
        self, path: FilePath, headers: Mapping[str, str], *, thorough: bool = False
    ) -> Envelope | None:
        """Return an object's envelope; None for a plain object.

        An instruction file beside it is asked for where the metadata hint at one, where the
        cluster keeps its keys so, or when `thorough`.
        """
        found = envelopes.of_headers(headers)
        if found is not None or path.key.endswith(SUFFIX):
            return found
        wants = thorough or envelopes.hints_at_instruction(headers)
        if not wants and not self._policy().of(path.authority).instruction_files:
            return None
        beside = FilePath("s3", path.authority, path.key + SUFFIX)
        try:
            text = b"".join(read_range(self._calls, beside, 0, _LARGEST))
        except PathNotFoundError:
            text = b""
        found = envelopes.of_instruction(text, headers) if text else None
        if found is None and envelopes.hints_at_instruction(headers):
            return Envelope(
                "CSE-KMS", problem=f"neither its metadata nor {beside.name} hold its key"
            )
        return found

    def reader(self, envelope: Envelope) -> str:
        """Return the session that reads an object which cannot be decrypted here, or nothing."""
        asking = self._asking() if envelope.mode == "CSE-Custom" else None
        return asking.label if asking else ""

    def open(
        self, path: FilePath, headers: Mapping[str, str], envelope: Envelope
    ) -> Decrypting | BySession:
        """Return what decrypts an object; `headers` are those of a reply to HEAD or GET.

        A key provider of the user's own is on the cluster alone: there a session reads.
        """
        etag = headers.get("etag", "").strip('"')
        stored = stored_size(headers)
        if envelope.mode == "CSE-Custom" and (asking := self._asking()) is not None:

            def raw(start: int, size: int) -> bytes:
                return b"".join(read_range(self._calls, path, start, size, etag=etag))

            return BySession(asking, path, stored, raw, self._most)
        key = keys.content_key(self._calls.access_of(path), envelope, path)

        def fetch(start: int, length: int | None) -> Iterator[bytes]:
            return read_range(self._calls, path, start, length, etag=etag)

        return Decrypting(envelope, key, stored, fetch, str(path))

    def seal(
        self, path: FilePath, chunks: Iterable[bytes], wanted: Encryption
    ) -> tuple[Iterable[bytes], Mapping[str, str]]:
        """Return what to store in the place of plain chunks, and its headers."""
        if wanted.mode != "CSE-KMS":
            return chunks, wanted.headers()
        from emr_nb.files.emrfs.cipher import Sealing

        access = self._calls.access_of(path)
        key, iv, headers = keys.new_key(access, wanted.key, path, newer=wanted.newer)
        return Sealing(key, iv).chunks(chunks), headers


def stored_size(headers: Mapping[str, str]) -> int:
    """Return the whole object's size, which a reply to a range tells behind a slash."""
    span = headers.get("content-range", "")
    if "/" in span:
        return int(span.rpartition("/")[2])
    if "content-length" not in headers:
        raise FileError("S3 did not tell the object's size")
    return int(headers["content-length"])
