"""The envelope of an object that was encrypted before it came to S3, as its metadata tell.

EMRFS builds on the AWS SDK for Java's `AmazonS3EncryptionClient`. With a KMS key that writes
`x-amz-key-v2` and its companions, be the content AES-CBC or AES-GCM; a key of the user's own
(CSE-Custom) shows as `x-amz-key`, or as another way of wrapping. The third version, which
commits to its key, has short names; EMRFS never wrote it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_META = "x-amz-meta-"
CBC = "AES/CBC/PKCS5Padding"
GCM = "AES/GCM/NoPadding"
_KMS_WRAPS = frozenset({"kms", "kms+context"})
_TAG = 16  # bytes of GCM's tag, which follows the content
_IV_SIZES = {CBC: 16, GCM: 12}
_SIZE = "x-amz-unencrypted-content-length"
SUFFIX = ".instruction"  # of an object beside, which holds the envelope


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one object is encrypted; `problem` says why it cannot be decrypted here, else empty.

    `cek` is the wrapped content key, `context` KMS's encryption context. `told_size` is the
    plaintext's, where its writer noted it.
    """

    mode: str  # CSE-KMS or CSE-Custom
    content: str = ""
    wrap: str = ""
    key: str = ""  # of KMS, where the envelope tells
    cek: bytes = field(default=b"", repr=False)
    iv: bytes = b""
    context: Mapping[str, str] = field(default_factory=dict)
    told_size: int | None = None
    problem: str = ""

    @property
    def authenticated(self) -> bool:
        """Whether the content has a tag that tells a changed byte."""
        return self.content == GCM

    def plain_size(self, stored: int) -> int | None:
        """Return the plaintext's size of so many stored bytes; None where only its end tells."""
        if self.authenticated:
            return max(0, stored - _TAG)
        return self.told_size


def of_headers(headers: Mapping[str, str]) -> Envelope | None:
    """Return the envelope in a reply's metadata; None for an object that has none."""
    found = {
        name.lower()[len(_META) :]: value
        for name, value in headers.items()
        if name.lower().startswith(_META)
    }
    return of_fields(found)


def of_instruction(text: bytes, headers: Mapping[str, str]) -> Envelope | None:
    """Return the envelope that an instruction file holds; None when the file is none.

    `headers` are the data object's own, which may tell the plaintext's size.
    """
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    fields = {str(name): str(value) for name, value in told.items()}
    if size := headers.get(_META + _SIZE, ""):
        fields.setdefault(_SIZE, size)
    return of_fields(fields)


def hints_at_instruction(headers: Mapping[str, str]) -> bool:
    """Tell whether an object without an envelope was written by an encryption client."""
    return _META + _SIZE in headers and of_headers(headers) is None


def of_fields(told: Mapping[str, str]) -> Envelope | None:
    """Return the envelope that these names and values spell, without the metadata's prefix."""
    if "x-amz-3" in told or "x-amz-c" in told:
        return Envelope(
            "CSE-KMS" if told.get("x-amz-w") == "12" else "CSE-Custom",
            problem="its envelope is of the third version, which EMRFS does not write",
        )
    if "x-amz-key-v2" not in told:
        if "x-amz-key" not in told:
            return None
        return Envelope(
            "CSE-Custom",
            told_size=_told_size(told),
            problem="its key is wrapped by a key of the user's own",
        )
    wrap, content = told.get("x-amz-wrap-alg", ""), told.get("x-amz-cek-alg", "")
    if wrap not in _KMS_WRAPS:
        return Envelope(
            *("CSE-Custom", content, wrap),
            told_size=_told_size(told),
            problem=f"its key is wrapped by a key of the user's own ({wrap or 'unnamed'})",
        )
    try:
        return _of_kms(told, wrap, content)
    except (ValueError, binascii.Error) as error:
        return Envelope("CSE-KMS", content, wrap, problem=f"its envelope is damaged ({error})")


def _of_kms(told: Mapping[str, str], wrap: str, content: str) -> Envelope:
    context = json.loads(told.get("x-amz-matdesc") or "{}")
    if not isinstance(context, dict):
        raise ValueError("x-amz-matdesc is no object")
    context = {str(name): str(value) for name, value in context.items()}
    iv = base64.b64decode(told.get("x-amz-iv", ""), validate=True)
    problem = ""
    if content not in _IV_SIZES:
        problem = f"its content is encrypted by {content or 'nothing that is named'}"
    elif len(iv) != _IV_SIZES[content]:
        raise ValueError(f"x-amz-iv has {len(iv)} bytes")
    elif content == GCM and told.get("x-amz-tag-len", "128") != "128":
        raise ValueError(f"x-amz-tag-len is {told['x-amz-tag-len']}")
    elif wrap == "kms+context" and context.get("aws:x-amz-cek-alg") != content:
        # the context is what KMS holds the writer to: another algorithm is an attack
        raise ValueError("the algorithm is not the one that its key was made for")
    return Envelope(
        *("CSE-KMS", content, wrap, context.get("kms_cmk_id", "")),
        cek=base64.b64decode(told["x-amz-key-v2"], validate=True),
        iv=iv,
        context=context,
        told_size=_told_size(told),
        problem=problem,
    )


def _told_size(told: Mapping[str, str]) -> int | None:
    size = told.get(_SIZE, "")
    return int(size) if size.isdecimal() else None
