"""S3 as a file system, as EMRFS shows it: a common prefix is a directory.

Listings and HEAD are signed HTTP of our own, since names must be true: keys with `//`, `..`,
control characters or a closing slash are listed and read as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    EncryptedFileError,
    FileError,
    PathDeniedError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files import s3_xml
from emr_nb.files.abilities import Checksum, Detail
from emr_nb.files.emrfs.detail import around_of, said_of
from emr_nb.files.emrfs.policy import Encryption
from emr_nb.files.emrfs.sealed import Sealed, SealedError
from emr_nb.files.emrfs.site import Site
from emr_nb.files.s3_bulk import bulk_of
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_checks import told_checksum
from emr_nb.files.s3_copy import copy_object
from emr_nb.files.s3_folders import Folders
from emr_nb.files.s3_head import Heads
from emr_nb.files.s3_list import LIST, MARKER, Lister, folder_key
from emr_nb.files.s3_move import Mover
from emr_nb.files.s3_read import GET, read_range
from emr_nb.files.s3_remove import Remover
from emr_nb.files.s3_uploads import Uploads
from emr_nb.files.s3_walk import walk
from emr_nb.files.s3_write import refuse, write_object
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.transport.base import Retry


class S3Factory:
    """Makes the S3 file system with the identity of an attached cluster's user."""

    def __call__(self, context: ClusterContext) -> S3:
        return S3(context)


class S3:
    """All buckets that one identity reaches; `s3://` itself lists the identity's own.

    Objects that EMRFS encrypted are read as plaintext, new ones are encrypted as the cluster
    does, and a mapped role asks where EMRFS would use it. `requester_pays` None follows the
    setting of that name, and `fs.s3.useRequesterPaysHeader` of the cluster.
    """

    scheme = "s3"

    def __init__(self, context: ClusterContext, *, requester_pays: bool | None = None) -> None:
        if requester_pays is None:
            told = context.cluster.property("emrfs-site", "fs.s3.useRequesterPaysHeader")
            requester_pays = context.settings.requester_pays or told.lower() == "true"
        self._home = context.access
        self._site = Site(context)
        self._calls = S3Calls(
            context, access_of=self._site.access_of, requester_pays=requester_pays
        )
        self._lister = Lister(self._calls)
        most = context.settings.session_read_bytes
        self._sealed = Sealed(self._calls, lambda: self._site.policy, context.asking, most)
        self._heads = Heads(self._calls, self._lister, self._sealed)
        self._folders = Folders(self._calls, self._lister, self._heads)
        self._remover = Remover(self._calls)
        self._uploads = Uploads(self._calls, context.settings.data_home / "uploads")
        self._bulk = bulk_of(self._calls, requester_pays=requester_pays)

    # -- looking --------------------------------------------------------------------------

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List one page (1,000 keys) below a prefix; `after` is S3's continuation token."""
        if not path.authority:
            return self._buckets()
        prefix = folder_key(path.key)
        page = self._lister.folder(path, prefix, after)
        entries = self._folders.entries(path, prefix, page, first=after is None)
        if not page.objects and not page.prefixes and after is None and prefix:
            if path.key.endswith("/"):
                if not self._folders.exists(path):
                    raise self._folders.absent(path)
            else:
                entry = self.info(path)
                return Page([] if entry.is_directory else [entry])
        return Page(entries, page.token)

    def beginning(self, path: FilePath, name: str) -> Page[FileEntry]:
        """List the buckets, or the names below a prefix, that begin in one way; one page."""
        if not path.authority:
            return Page([e for e in self._buckets().items if e.path.authority.startswith(name)])
        prefix = folder_key(path.key) + name
        page = self._lister.page(path, prefix, delimiter="/")
        return Page(self._folders.entries(path, prefix, page, first=True), page.token)

    def walk(self, path: FilePath) -> Iterator[FileEntry]:
        """Yield all files and folders below a prefix, several key ranges at a time.

        Their order is S3's only within a range; a file is yielded as itself.
        """
        if not path.authority:
            raise UsageError("Name a bucket: all buckets are too much", where=str(path))
        found = walk(self._lister, path, folder_key(path.key))
        first = next(found, None)
        if first is None and path.key:
            entry = self.info(path)
            if not entry.is_directory:
                yield entry
            return
        if first is not None:
            yield first
            yield from found

    def identity(self, path: FilePath) -> str:
        """Return who asks S3, and the bucket's region where it is not the cluster's."""
        region = self._calls.region_of(path.authority)
        return said_of(region, self._home.region, self._calls.access_of(path).role)

    def seals(self, path: FilePath) -> bool:
        """Tell whether the cluster encrypts what it writes there on its own side."""
        return self._site.policy.of(path.authority).mode.startswith("CSE")

    def versions(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List the versions of an object, or of all below a prefix, the newest first."""
        from emr_nb.files.s3_versions import versions

        return versions(self._calls, path, after)

    def info(self, path: FilePath) -> FileEntry:
        """Describe an object with its encryption, or a prefix that something lies below."""
        if not path.authority:
            return FileEntry(path, "directory")
        if not path.key:
            try:
                self._calls.request("HEAD", path, LIST)
            except PathNotFoundError as error:  # a HEAD's answer has no words
                raise PathNotFoundError("There is no such bucket", where=str(path)) from error
            return FileEntry(path, "directory")
        if not path.key.endswith("/"):
            with suppress(PathNotFoundError):
                return self._heads.entry(path)
        elif not self._folders.exists(path):  # an object whose name ends in a slash
            return self._heads.entry(path)
        if self._folders.exists(path):
            return FileEntry(path, "directory")
        raise PathNotFoundError("Nothing is there", where=str(path))

    def detail(self, path: FilePath) -> Detail:
        """Tell an object's encryption, version and metadata, and what EMRFS makes of its bucket."""
        if path.key and not path.key.endswith("/"):
            with suppress(PathNotFoundError):
                return self._heads.detail(path, self._around)
        entry = self.info(path)
        if not entry.is_directory:
            return self._heads.detail(path, self._around)
        return Detail(entry, [fact for fact in self._around(path) if fact[1]])

    def checksum(self, path: FilePath) -> Checksum:
        """Return the MD5 or other checksum that S3 keeps of a whole object, else its ETag.

        Raises EncryptedFileError where it is one of ciphertext.
        """
        wanted = {"x-amz-checksum-mode": "ENABLED"}
        headers = self._calls.request("HEAD", path, GET, headers=wanted).headers
        if self._sealed.envelope(path, headers) is not None:
            raise EncryptedFileError(
                "S3 keeps a checksum of the encrypted bytes only, which says nothing of the file",
                where=str(path),
                advice="Compare what `%emr cat` or `c.files.read` gives.",
            )
        told = told_checksum(headers)
        if told is not None:
            return Checksum(*told)
        return Checksum("ETag", headers.get("etag", "").strip('"'))

    def read(
        self, path: FilePath, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> Iterator[bytes]:
        """Yield a range of an object, decrypted where EMRFS encrypted it.

        `version` names an earlier one. See emr_nb.files.emrfs.reading for what is promised.
        """
        if not path.authority or not path.key:
            raise PathIsDirectoryError("It is a bucket", where=str(path))
        try:
            if length == 0:
                self.info(path)
            yield from read_range(
                *(self._calls, path, start, length),
                look=lambda headers: self._sealed.look(path, headers),
                version=version,
                bulk=self._bulk,
            )
        except SealedError as sealed:
            if version:
                raise EncryptedFileError(
                    "Earlier versions of an object encrypted on the client's side are not read",
                    where=str(path),
                ) from sealed
            opened = self._sealed.open(path, sealed.headers, sealed.envelope)
            yield from opened.read(start, length)
        except PathNotFoundError as error:
            if not version and self._folders.exists(path):
                raise PathIsDirectoryError("It is a directory", where=str(path)) from error
            raise
        except FileError as error:
            if not _beyond_the_end(error):
                raise

    # -- changing -------------------------------------------------------------------------

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write an object: it appears whole or not at all; S3 refuses an existing one.

        It is encrypted as the cluster's settings say, else as the bucket's default does.
        """
        wanted = self._wanted_at(path, overwrite=overwrite)
        stored, headers = self._sealed.seal(path, chunks, wanted)
        size = write_object(
            *(self._calls, path, stored),
            overwrite=overwrite,
            headers=headers,
            uploads=self._uploads,
        )
        return self._made(path, size)

    def copy_within(
        self, source: FileEntry, target: FilePath, *, overwrite: bool = False
    ) -> FileEntry | None:
        """Copy an object by S3 itself; None where its bytes must be opened or sealed here."""
        wanted = self._wanted_at(target, overwrite=overwrite)
        headers = self._calls.request("HEAD", source.path, GET).headers
        if wanted.mode == "CSE-KMS" or self._sealed.envelope(source.path, headers) is not None:
            return None
        try:
            copy_object(self._calls, source, target, wanted.headers(), headers)
        except PathDeniedError:  # one role reads, another one writes
            return None
        return self._made(target, source.size)

    def touch(self, path: FilePath) -> FileEntry:
        """Make an empty object where there is none; S3 changes no time but by writing anew."""
        try:
            self.info(path)
        except PathNotFoundError:
            return self.write(path, ())
        raise FileError(
            "S3 keeps the time of the last write, which cannot be set",
            where=str(path),
            advice="Write the object again, if its time must change.",
        )

    def abort_abandoned(self) -> Sequence[FilePath]:
        """Abort uploads by parts that processes of ours on this machine left; returns where."""
        return self._uploads.abort_abandoned()

    def mkdir(self, path: FilePath) -> None:
        """Put an empty object `path/`, as EMRFS and the console know directories."""
        if not path.key:
            self.info(path)  # buckets are not made here
            return
        bare = path.key.rstrip("/")
        with suppress(PathNotFoundError):
            self._heads.entry(FilePath("s3", path.authority, bare))
            raise PathNotDirectoryError("An object has this name", where=str(path))
        if not self._folders.exists(path):
            marker = FilePath("s3", path.authority, bare + "/")
            headers = self._site.policy.of(path.authority).headers()
            self._calls.request(
                "PUT", marker, "s3:PutObject", body=b"", retry=Retry.READ, headers=headers
            )

    def mv(self, source: FilePath, target: FilePath) -> None:
        """Copy, verify and delete: S3 has no rename, so a directory is moved key by key."""
        self._need_key(source)
        self._need_key(target)
        entry = self.info(source)
        with suppress(PathNotFoundError):
            self.info(target)
            raise refuse(target)
        mover = Mover(self._calls, self._remover, self._site.policy)
        if not entry.is_directory:
            mover.move(entry, target)
            return
        start, moved = folder_key(source.key), folder_key(target.key)
        if moved.startswith(start) and source.authority == target.authority:
            raise UsageError("A directory cannot move into itself", where=str(target))
        aim = FilePath("s3", target.authority, moved)
        mover.move_all(source, start, self._below(source, start), aim)

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        self._need_key(path)
        entry = self.info(path)
        if not entry.is_directory:
            self._remover.remove(path)
            return
        if not recursive:
            raise PathIsDirectoryError(
                "It is a directory", where=str(path), advice="Use -r to remove all below it."
            )
        prefix = folder_key(path.key)
        self._remover.remove_all(path, (found.key for found in self._below(path, prefix)))
        self._remover.remove(FilePath("s3", path.authority, prefix[:-1] + MARKER))

    # -- inside ---------------------------------------------------------------------------

    def _wanted_at(self, path: FilePath, *, overwrite: bool) -> Encryption:
        """Return how to encrypt a new object; raises where there must be none."""
        self._need_key(path)
        wanted = self._site.policy.check(path)
        try:
            entry = self.info(path)
        except PathNotFoundError:
            pass
        except PathDeniedError:  # who may only write cannot look
            pass
        else:
            if entry.is_directory:
                raise PathIsDirectoryError("A directory has this name", where=str(path))
            if not overwrite:
                raise refuse(path)
        return wanted

    def _made(self, path: FilePath, size: int) -> FileEntry:
        try:
            return self.info(path)
        except PathDeniedError:
            return FileEntry(path, "file", size=size)

    def _around(self, path: FilePath) -> list[tuple[str, str]]:
        """Return what is true of a path because of where it lies."""
        if not path.authority:
            return []
        default = self._heads.bucket_default(path)  # first: it may find the bucket elsewhere
        region, home = self._calls.region_of(path.authority), self._home.region
        who = self._site.told(path)
        return around_of(self._site.policy, path.authority, region, home, who, default)

    def _buckets(self) -> Page[FileEntry]:
        reply = self._calls.request("GET", FilePath("s3", "", ""), "s3:ListAllMyBuckets")
        root = s3_xml.parse(reply.content, "ListBuckets")
        return Page(
            [
                FileEntry(
                    FilePath("s3", bucket.findtext("Name") or "", ""),
                    "directory",
                    modified=s3_xml.moment(bucket.findtext("CreationDate")),
                )
                for bucket in root.iter("Bucket")
            ]
        )

    def _below(self, path: FilePath, prefix: str) -> Iterator[s3_xml.S3Object]:
        for page in self._lister.pages(path, prefix):
            yield from page.objects

    def _need_key(self, path: FilePath) -> None:
        if not path.authority or not path.key:
            raise UsageError("This needs a key below a bucket", where=str(path))


def _beyond_the_end(error: FileError) -> bool:
    return "InvalidRange" in error.what or "HTTP 416" in error.what
