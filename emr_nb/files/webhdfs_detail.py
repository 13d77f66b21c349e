"""What HDFS tells of one path beyond a listing: access, blocks, policies, zone, snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from emr_nb.errors import EmrError, FileError
from emr_nb.files.abilities import Detail
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Retry

_POLICY_UNSET = 0


def detail_of(ways: Ways, entry: FileEntry, status: Mapping[str, Any]) -> Detail:
    """Ask what there is to know of one path; what a server does not know is left out."""
    facts: list[tuple[str, str]] = []
    if entry.owner:
        facts.append(("owner", f"{entry.owner}:{entry.group} {entry.permissions}"))
    facts += _access(ways, entry.path)
    reason = ""
    if entry.is_directory:
        facts += _folder(status)
    else:
        told, reason = _blocks(ways, entry)
        facts += told
    facts += _policies(ways, entry, status)
    if "encBit" in entry.extra:
        facts.append(("encryption zone", "yes: transparent encryption, read with the key's right"))
    return Detail(entry, tuple(facts), readable=not reason, reason=reason)


def _asked(
    ways: Ways, path: FilePath, operation: str, key: str, **parameters: str
) -> Mapping[str, Any]:
    """Return an object of a reply; empty where the server does not know or does not allow it."""
    with suppress(FileError, LookupError, TypeError):
        reply = ways.call("GET", path, operation, parameters, retry=Retry.READ)
        found = reply.json()
        return (found[key] if key else found) or {}
    return {}


def _access(ways: Ways, path: FilePath) -> Iterator[tuple[str, str]]:
    acl = _asked(ways, path, "GETACLSTATUS", "AclStatus")
    entries: Sequence[str] = acl.get("entries") or ()
    if entries:
        yield "access list", ", ".join(entries)
    if acl.get("stickyBit"):
        yield "sticky", "yes: only its owner removes an entry"


def _folder(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "entries", f"{int(status.get('childrenNum') or 0):,}"
    if status.get("snapshotEnabled"):
        yield "snapshots", "may be taken here"


def _blocks(ways: Ways, entry: FileEntry) -> tuple[list[tuple[str, str]], str]:
    """Return the facts of a file's blocks, and why it cannot be read where it cannot."""
    facts: list[tuple[str, str]] = []
    if entry.replication:
        facts.append(("replication", str(entry.replication)))
    if entry.block_size:
        facts.append(("block size", f"{entry.block_size:,} bytes"))
    query = {"offset": "0", "length": str(max(entry.size, 1))}
    located = _asked(ways, entry.path, "GET_BLOCK_LOCATIONS", "LocatedBlocks", **query)
    blocks: Sequence[Mapping[str, Any]] = located.get("locatedBlocks") or ()
    if not blocks:
        return facts, ""
    replicas = [len(block.get("locations") or ()) for block in blocks]
    missing = sum(not n or bool(b.get("isCorrupt")) for n, b in zip(replicas, blocks, strict=True))
    wanted = entry.replication or 1
    low = sum(0 < n < wanted for n in replicas)
    told = [f"{len(blocks):,}"]
    told += [f"{low:,} under-replicated"] if low else []
    told += [f"{missing:,} missing"] if missing else []
    facts.append(("blocks", ", ".join(told)))
    nodes = {f"{where['hostName']}:{where['xferPort']}" for b in blocks for where in b["locations"]}
    facts.append(("on DataNodes", ", ".join(sorted(nodes)) or "none"))
    if located.get("isUnderConstruction"):
        facts.append(("being written", "yes: its size may lag behind"))
    reason = ""
    if missing:
        reason = (
            f"{missing:,} of its {len(blocks):,} blocks are missing: every DataNode that has "
            "them is gone"
        )
    return facts, reason


def _policies(ways: Ways, entry: FileEntry, status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    coding = str(status.get("ecPolicy") or "")
    if not coding and status.get("ecBit"):
        coding = str(_asked(ways, entry.path, "GETECPOLICY", "").get("name", "yes"))
    if coding and coding != "Replicated":
        yield "erasure coding", coding
    with suppress(EmrError):
        policy = _asked(ways, entry.path, "GETSTORAGEPOLICY", "BlockStoragePolicy")
        if policy.get("name"):
            types = ", ".join(policy.get("storageTypes") or ())
            own = "" if status.get("storagePolicy", _POLICY_UNSET) else ", inherited"
            yield "storage policy", f"{policy['name']} ({types}{own})"
