"""Objects whose key only the cluster can get (CSE-Custom), read by the session that is open.

The session reads them by its own Hadoop client, which on EMR is EMRFS with the cluster's key
provider. A client that has none gives out ciphertext as if it were the file; so what comes is
held against the bytes that lie in S3, and refused where it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from emr_nb.context import Answer, Asking
from emr_nb.errors import EncryptedFileError, FileError, PathDeniedError, PathNotFoundError
from emr_nb.files.asked import ranges
from emr_nb.model import FilePath

_COMPARED = 64  # bytes
_SURE = 8  # equal bytes that are no chance
_TAIL = 64  # bytes that padding and tags surely are shorter than
_DENIED = (1, 13)  # EPERM, EACCES
Stored = Callable[[int, int], bytes]  # bytes as they lie in S3: start and size


@dataclass(frozen=True)
class BySession:
    """One object, read by a session; `most` bounds one read, `size` is what lies in S3."""

    asking: Asking
    path: FilePath
    size: int
    stored: Stored
    most: int

    def plain_size(self) -> int:
        """Return the plaintext's size: as Hadoop's client tells it, else as its end shows."""
        return self._size

    def read(self, start: int, length: int | None) -> Iterator[bytes]:
        """Yield a range of the plaintext; a statement for each 2 MiB."""
        checked = False
        for piece in ranges(self._ask, start, length, self.most, str(self.path)):
            if not checked:
                self._check(start, piece, same_size=self._size == self.size)
                checked = True
            yield piece

    # -- inside ---------------------------------------------------------------------------

    @cached_property
    def _size(self) -> int:
        start = max(0, self.size - _TAIL)
        answer = self._asked(start, _TAIL)
        told, end = int(answer.told["size"]), start + len(answer.payload)
        if told != self.size or (start and not answer.payload):
            return told
        self._check(start, answer.payload, same_size=end == self.size)
        return end

    def _ask(self, start: int, size: int) -> Answer:
        """Ask for a range; the size is the plaintext's, whatever Hadoop's client tells.

        Behind its end a client that tells another size fails, so nothing is asked there.
        """
        left = self._size - start
        if left <= 0:
            return Answer({"size": self._size, "mark": ""})
        answer = self._asked(start, min(size, left))
        return Answer({**answer.told, "size": self._size}, answer.payload)

    def _asked(self, start: int, size: int) -> Answer:
        path = ["s3", self.path.authority, f"/{self.path.key}"]
        answer = self.asking.ask({"op": "stored", "path": path, "start": start, "size": size})
        told, where = answer.told, str(self.path)
        if told.get("unspelled"):
            raise EncryptedFileError(
                "The object is encrypted on the client's side (CSE-Custom), and Hadoop's client, "
                "by which the session would read it, cannot spell its key",
                where=where,
                advice="Copy it to a key without //, . or .. between slashes.",
            )
        if told.get("errno") in _DENIED:
            raise PathDeniedError(
                f"The session may not read it ({told['user']} by the cluster's role): "
                f"{told['problem']}",
                where=where,
            )
        if "errno" in told and told["errno"] == 2:
            raise PathNotFoundError("The session finds nothing there", where=where)
        if "problem" in told:
            raise FileError(
                f"{self.asking.label} could not read it: {told['problem']}",
                where=where,
                advice="The session reads it by the cluster's key provider; see its settings.",
            )
        return answer

    def _check(self, start: int, piece: bytes, *, same_size: bool) -> None:
        """Raise EncryptedFileError where the session gave what lies in S3 as it is."""
        wanted = piece[:_COMPARED]
        sure = len(wanted) >= _SURE or (bool(wanted) and same_size)
        if sure and self.stored(start, len(wanted)) == wanted:
            raise EncryptedFileError(
                f"The object is encrypted on the client's side (CSE-Custom), and "
                f"{self.asking.label} gave its ciphertext: its S3 client has no key provider",
                where=str(self.path),
                advice="A session of a cluster whose emrfs-site has fs.s3.cse.enabled and "
                "fs.s3.cse.encryptionMaterialsProvider reads it.",
            )
