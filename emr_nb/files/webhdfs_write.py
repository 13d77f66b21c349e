"""One upload to HDFS: a temporary name, what arrived held against what was sent, a rename."""

from __future__ import annotations

import posixpath
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress

from emr_nb.errors import (
    ConnectFailedError,
    EmrError,
    FileError,
    HttpStatusError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotFoundError,
    ReplyLostError,
    TransportError,
)
from emr_nb.files.crc32c import BlockChecksum
from emr_nb.files.webhdfs_entries import entry_of
from emr_nb.files.webhdfs_errors import translate
from emr_nb.files.webhdfs_quota import quota_error
from emr_nb.files.webhdfs_rename import rename, settling
from emr_nb.files.webhdfs_sums import known_checksum
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import Endpoint, FileEntry, FilePath
from emr_nb.transport.base import Deadline, Retry

_BLOCK = 128 << 20  # HDFS's own default, where the NameNode does not tell its
_FOLDERS = 10_000  # that are remembered
_GONE = "are bad. Aborting"  # a DataNode's words for: all that took the file have gone


class Upload:
    """Writes files of one HDFS; shared by threads."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._block_size = 0  # not asked yet
        self._made: set[str] = set()  # folders that are there

    def put(self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool) -> None:
        """Write a file; nothing stands under its name before it is whole."""
        self._refuse_existing(path, overwrite=overwrite)
        folder = FilePath("hdfs", path.authority, posixpath.dirname(path.key))
        self._have_folder(folder)
        temporary = folder.child(f".emr_nb-{secrets.token_hex(8)}._COPYING_")
        sums = BlockChecksum(self._blocks())
        try:
            size = self._create(temporary, path, chunks, sums)
            self._verify(temporary, path, size, sums)
            rename(self._ways, temporary, path, overwrite=overwrite)
        except BaseException as error:
            with suppress(EmrError):  # the first error is the one to tell
                self._discard(temporary, error)
            raise
        finally:
            sums.close()

    def _discard(self, path: FilePath, error: BaseException) -> None:
        """Remove what was written; HttpFS may make a broken request's file a little late."""
        for _ in settling(error):
            reply = self._ways.call("DELETE", path, "DELETE", deadline=Deadline.after(5))
            if reply.json().get("boolean"):
                return

    def _have_folder(self, folder: FilePath) -> None:
        """Make the folder as mkdir does.

        Folders that a CREATE implies have the permissions of the one above: in /tmp, everybody's.
        """
        if folder.key in self._made:
            return
        self._ways.call("PUT", folder, "MKDIRS", retry=Retry.READ)
        if len(self._made) >= _FOLDERS:
            self._made.clear()
        self._made.add(folder.key)

    def _info(self, path: FilePath) -> FileEntry:
        reply = self._ways.call("GET", path, "GETFILESTATUS", retry=Retry.READ)
        return entry_of(path, {**reply.json()["FileStatus"], "pathSuffix": ""})

    def _blocks(self) -> int:
        """Return the block size that a new file will have."""
        if not self._block_size:
            self._block_size = _BLOCK
            with suppress(EmrError, LookupError, TypeError, ValueError):
                root = FilePath("hdfs", "", "/")
                reply = self._ways.call("GET", root, "GETSERVERDEFAULTS", retry=Retry.READ)
                self._block_size = int(reply.json()["FsServerDefaults"]["blockSize"])
        return self._block_size

    def _refuse_existing(self, path: FilePath, *, overwrite: bool) -> None:
        try:
            entry = self._info(path)
        except PathNotFoundError:
            return
        if entry.is_directory:
            raise PathIsDirectoryError("A directory has this name", where=str(path))
        if not overwrite:
            raise PathExistsError(
                "Something is there already", where=str(path), advice="Use --overwrite."
            )

    def _verify(self, temporary: FilePath, path: FilePath, size: int, sums: BlockChecksum) -> None:
        """Raise FileError where HDFS has other bytes than were sent.

        Its checksum is comparable where it is made of the blocks and CRCs that ours is made of.
        """
        entry = self._info(temporary)
        if entry.size != size:
            raise FileError(
                f"HDFS has {entry.size:,} bytes of the {size:,} sent; nothing was put in place",
                where=str(path),
            )
        coded = {"encBit", "ecBit"} & entry.extra.keys()
        if not size or entry.block_size != self._block_size or coded:
            return  # another block size, or encrypted or coded: its CRCs are not of these bytes
        told = known_checksum(self._ways, temporary)
        comparable = told is not None and told.algorithm.endswith("MD5-of-512CRC32C")
        if told is not None and comparable and told.value != sums.hexdigest():
            raise FileError(
                "HDFS has other bytes than were sent (checksum); nothing was put in place",
                where=str(path),
                advice="They were damaged on the way; write it again.",
            )

    def _create(
        self, path: FilePath, final: FilePath, chunks: Iterable[bytes], sums: BlockChecksum
    ) -> int:
        """Send the bytes to a DataNode and return how many there were."""
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                sums.update(chunk)
                yield bytes(chunk)

        parameters = {"overwrite": "false"}
        headers = {"Content-Type": "application/octet-stream"}
        for last in (False, False, True):
            client, target = self._ways.hop("PUT", path, "CREATE", parameters)
            try:
                with client.stream("PUT", target, content=counted(), headers=headers) as stream:
                    for _ in stream.chunks():
                        pass
            except ConnectFailedError:  # nothing was sent, no chunk was taken
                if last:
                    raise
                parameters["excludedatanodes"] = self._other_than(client.endpoint)
            except (HttpStatusError, ReplyLostError) as error:
                raise self._failed(error, client.endpoint, path, final) from error
            else:
                return size
        raise AssertionError

    def _failed(
        self, error: TransportError, node: Endpoint, path: FilePath, final: FilePath
    ) -> EmrError:
        """Return what a failed upload is to its user; a DataNode may just hang up."""
        if isinstance(error, HttpStatusError):
            known = translate(error, str(final), self._ways.user)
            return _went_away(node, final) if _GONE in known.what else known
        return quota_error(self._ways, path) or _went_away(node, final)

    def _other_than(self, node: Endpoint) -> str:
        """Return how the NameNode calls a DataNode: by the port for blocks, not that for HTTP."""
        import orjson

        with suppress(EmrError, LookupError, TypeError, ValueError):
            (bean,) = self._ways.beans("NameNodeInfo")
            for name, told in orjson.loads(bean["LiveNodes"]).items():
                port = str(told.get("infoAddr", "")).rpartition(":")[2]
                host = str(told.get("xferaddr", "")).rpartition(":")[0]
                if port == str(node.port) and node.host in (host, name.rpartition(":")[0]):
                    return str(told["xferaddr"])
        return node.host


def _went_away(node: Endpoint, path: FilePath) -> ReplyLostError:
    return ReplyLostError(
        f"DataNode {node.host}:{node.port} went away while the file was written; nothing stands "
        "under its name",
        where=str(path),
        advice="Write it again: the NameNode chooses DataNodes that live.",
    )
