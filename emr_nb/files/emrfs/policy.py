"""How a cluster encrypts the objects that it writes: its security configuration, emrfs-site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emr_nb.errors import EncryptedFileError, UsageError
from emr_nb.model import Cluster, FilePath

SITE = "emrfs-site"
MODES = ("SSE-S3", "SSE-KMS", "CSE-KMS", "CSE-Custom")
_SSE_KMS_SINCE = (4, 5)  # the first release whose EMRFS knows SSE-KMS
_RELEASE = re.compile(r"emr-(\d+)\.(\d+)")
_KMS_PROVIDER = "KMSEncryptionMaterialsProvider"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How new objects are encrypted; an empty mode leaves it to the bucket's default.

    `key` is KMS's, empty for the account's own `aws/s3`; `source` says who wants it so.
    """

    mode: str = ""
    key: str = ""
    source: str = "the bucket's default"
    newer: bool = False  # EMRFS's second encryption client
    instruction_files: bool = False

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a PUT that S3 itself encrypts."""
        if self.mode == "SSE-S3":
            return {"x-amz-server-side-encryption": "AES256"}
        if self.mode != "SSE-KMS":
            return {}
        key = {"x-amz-server-side-encryption-aws-kms-key-id": self.key} if self.key else {}
        return {"x-amz-server-side-encryption": "aws:kms", **key}


@dataclass(frozen=True, slots=True)
class Policy:
    """The cluster's wish for every bucket."""

    general: Encryption = field(default_factory=Encryption)
    buckets: Mapping[str, Encryption] = field(default_factory=dict)
    release: str = ""
    consistent_view: bool = False
    unknown: str = ""  # why the security configuration could not be read

    def of(self, bucket: str) -> Encryption:
        """Return how the cluster encrypts new objects of a bucket."""
        return self.buckets.get(bucket, self.general)

    def check(self, path: FilePath) -> Encryption:
        """Return how to write a path; raises where the cluster could not have written it so."""
        wanted = self.of(path.authority)
        if wanted.mode == "SSE-KMS" and _older(self.release, _SSE_KMS_SINCE):
            raise UsageError(
                f"SSE-KMS does not exist on {self.release}: EMRFS has it since emr-4.5.0",
                where=str(path),
                advice=f"{wanted.source} asks for it; use SSE-S3 or a newer release. "
                "Nothing was written.",
            )
        if wanted.mode == "CSE-Custom":
            raise EncryptedFileError(
                "The cluster encrypts new objects by a provider of its own (CSE-Custom), "
                "which is on the cluster only",
                where=str(path),
                advice="Write it by a Spark cell. Nothing was written: it would lie there plain.",
            )
        if wanted.mode == "CSE-KMS" and not wanted.key:
            raise EncryptedFileError(
                f"{wanted.source} asks for CSE-KMS and names no key", where=str(path)
            )
        if wanted.mode == "CSE-KMS" and wanted.instruction_files:
            raise EncryptedFileError(
                "The cluster keeps keys in instruction files (fs.s3.cse.cryptoStorageMode), "
                "which are read here but not written",
                where=str(path),
                advice="Write it by a Spark cell. Nothing was written.",
            )
        return wanted


def policy_of(cluster: Cluster, security: Mapping[str, Any] | None, unknown: str = "") -> Policy:
    """Return the policy of a cluster's facts; a security configuration overrides emrfs-site."""
    general, buckets = _of_site(cluster), {}
    at_rest = _below(security, "EncryptionConfiguration", "AtRestEncryptionConfiguration")
    enabled = _true(_below(security, "EncryptionConfiguration").get("EnableAtRestEncryption", True))
    s3 = at_rest.get("S3EncryptionConfiguration") if enabled else None
    if isinstance(s3, Mapping):
        source = f"security configuration {cluster.security_configuration}"
        general = _of_mode(s3, source, general)
        for told in s3.get("Overrides") or []:
            if isinstance(told, Mapping) and (bucket := str(told.get("BucketName") or "")):
                buckets[bucket] = _of_mode(told, source, general)
    return Policy(
        *(general, buckets, cluster.release),
        consistent_view=_true(cluster.property(SITE, "fs.s3.consistent")),
        unknown=unknown,
    )


def _of_mode(told: Mapping[str, Any], source: str, site: Encryption) -> Encryption:
    mode = str(told.get("EncryptionMode") or "").strip()
    known = {name.upper(): name for name in MODES}
    return Encryption(
        *(known.get(mode.upper(), mode), str(told.get("AwsKmsKey") or ""), source),
        newer=site.newer,
        instruction_files=site.instruction_files,
    )


def _of_site(cluster: Cluster) -> Encryption:
    def told(name: str) -> str:
        return cluster.property(SITE, name) or cluster.property("core-site", name)

    newer = _true(told("fs.s3.cse.encryptionV2.enabled"))
    files = told("fs.s3.cse.cryptoStorageMode").lower() == "instructionfile"
    if _true(told("fs.s3.cse.enabled")):
        provider = told("fs.s3.cse.encryptionMaterialsProvider")
        kms = told("fs.s3.cse.kms.keyId")
        custom = provider and not provider.endswith(_KMS_PROVIDER)
        return Encryption("CSE-Custom" if custom else "CSE-KMS", kms, SITE, newer, files)
    if _true(told("fs.s3.enableServerSideEncryption")):
        kms = told("fs.s3.serverSideEncryption.kms.keyId")
        return Encryption("SSE-KMS" if kms else "SSE-S3", kms, SITE, newer, files)
    return Encryption(newer=newer, instruction_files=files)


def _older(release: str, than: tuple[int, int]) -> bool:
    found = _RELEASE.match(release)
    return found is not None and (int(found[1]), int(found[2])) < than


def _below(told: Any, *names: str) -> Mapping[str, Any]:
    for name in names:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told if isinstance(told, Mapping) else {}


def _true(told: object) -> bool:
    """Read a boolean; the documentation's own examples spell them as texts."""
    return str(told).strip().lower() == "true"
