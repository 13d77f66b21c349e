"""What one HEAD and the cluster's settings tell of an object, for people."""

from __future__ import annotations

from collections.abc import Mapping

from emr_nb.files.abilities import Detail
from emr_nb.files.emrfs.envelope import GCM, Envelope
from emr_nb.files.emrfs.policy import Policy
from emr_nb.model import FileEntry

SSE = {"AES256": "SSE-S3", "aws:kms": "SSE-KMS", "aws:kms:dsse": "DSSE-KMS"}
_CONSISTENT = (
    "on (fs.s3.consistent): S3 itself has been strongly consistent since December 2020; "
    "switch it off and delete its DynamoDB table"
)
_LABELS = (
    ("content_type", "Content type"),
    ("content_encoding", "Content encoding"),
    ("version", "Version"),
    ("stored_size", "Bytes as stored"),
    ("restore", "Restore"),
    ("replication", "Replication"),
)


def server_side(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return EMRFS's word for how S3 keeps an object, and the KMS key's name where it has one."""
    if "x-amz-server-side-encryption-customer-algorithm" in headers:
        return "SSE-C", ""
    told = headers.get("x-amz-server-side-encryption", "")
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    return SSE.get(told, told), key


def detail_of(
    entry: FileEntry,
    headers: Mapping[str, str],
    envelope: Envelope | None,
    around: list[tuple[str, str]],
    problem: str = "",
) -> Detail:
    """Return an object's detail; `problem` is why `read` would refuse it."""
    encryption, key = server_side(headers)
    facts = [("Storage class", entry.storage_class)]
    if envelope is not None:
        encryption, key = envelope.mode, envelope.key or key
        facts += _of_envelope(envelope, key)
    elif encryption:
        facts.append(("Encryption", f"{encryption}, key {key}" if key else encryption))
    facts += [(label, entry.extra[name]) for name, label in _LABELS if entry.extra.get(name)]
    facts += [
        ("Metadata " + name[len("x-amz-meta-") :], value)
        for name, value in headers.items()
        if name.startswith("x-amz-meta-") and not name.startswith("x-amz-meta-x-amz-")
    ]
    facts += [("ETag", entry.etag), *around]
    return Detail(
        entry,
        [(label, text) for label, text in facts if text],
        encryption,
        key,
        readable=not problem,
        reason=problem,
        extra=dict(entry.extra),
    )


def around_of(
    policy: Policy, bucket: str, region: str, home: str, who: str, default: str = ""
) -> list[tuple[str, str]]:
    """Return what is true of a whole bucket: its region, who reads it, how it is written.

    `default` is how the bucket itself encrypts, empty where that is not known.
    """
    wanted = policy.of(bucket)
    new = wanted.mode or "the bucket's default" + (f": {default}" if default else "")
    if wanted.mode:
        new += f"{', key ' + wanted.key if wanted.key else ''} ({wanted.source})"
    elsewhere = region != home
    return [
        ("Region", f"{region} (not the cluster's, {home}: requests go there)" if elsewhere else ""),
        ("Read as", who),
        ("New objects", f"{new}; {policy.unknown}" if policy.unknown else new),
        ("Consistent View", _CONSISTENT if policy.consistent_view else ""),
    ]


def _of_envelope(envelope: Envelope, key: str) -> list[tuple[str, str]]:
    how = f"{envelope.mode}, encrypted before it came to S3"
    if key:
        how += f", key {key}"
    facts = [("Encryption", how), ("Content cipher", envelope.content)]
    facts.append(("Key wrapped by", envelope.wrap))
    if envelope.problem:
        return [*facts, ("Not decrypted here", envelope.problem)]
    if envelope.content == GCM:
        told = "the whole object before a byte is shown; a range above 8 MiB is not checked alone"
    else:
        told = "AES-CBC has no tag: a changed byte cannot be noticed"
    return [*facts, ("Integrity", told)]


def said_of(region: str, home: str, role: str) -> str:
    """Return as whom and from where a bucket is read, in a few words."""
    who = role or "your AWS identity"
    if region == home:
        return who
    return f"{who}; the bucket is in {region}, the cluster in {home}"
