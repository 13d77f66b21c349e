"""HDFS's own checksum of a file: an MD5 of its blocks' CRCs, which no DataNode sends bytes for."""

from __future__ import annotations

from emr_nb.errors import EmrError, HttpStatusError
from emr_nb.files.abilities import Checksum
from emr_nb.files.webhdfs_errors import translate
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FilePath
from emr_nb.transport.base import Retry

_DIGITS = 2 * 28  # of CRC size, CRCs a block and the MD5; what follows is no part of it
_MD5_FROM = 2 * 12
_MD5_OF = "MD5-of-"


def checksum_of(ways: Ways, path: FilePath) -> Checksum:
    """Ask a DataNode, by HDFS's own spelling of the algorithm; raises FileError's leaves."""
    client, target = ways.hop("GET", path, "GETFILECHECKSUM", {})
    try:
        reply = client.request("GET", target, retry=Retry.READ)
    except HttpStatusError as error:
        raise translate(error, str(path), ways.user) from error
    told = reply.json()["FileChecksum"]
    algorithm, value = str(told["algorithm"]), str(told["bytes"])[: 2 * int(told["length"])]
    if algorithm.startswith(_MD5_OF) and len(value) == _DIGITS:
        value = value[_MD5_FROM:]
    return Checksum(algorithm, value)


def known_checksum(ways: Ways, path: FilePath) -> Checksum | None:
    """Return the checksum, or None where it cannot be asked: another way to see the bytes."""
    try:
        return checksum_of(ways, path)
    except EmrError:
        return None
