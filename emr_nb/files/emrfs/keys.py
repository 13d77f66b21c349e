"""Content keys, which KMS unwraps and makes; they live as long as one read or write."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from emr_nb.aws.access import AwsAccess
from emr_nb.errors import (
    AwsAccessDeniedError,
    AwsCredentialsError,
    AwsError,
    AwsThrottledError,
    EncryptedFileError,
)
from emr_nb.files.emrfs.cipher import need_cryptography
from emr_nb.files.emrfs.envelope import GCM, Envelope
from emr_nb.model import FilePath

_CONTEXT = "aws:x-amz-cek-alg"


def content_key(access: AwsAccess, envelope: Envelope, path: FilePath) -> bytes:
    """Return the content key of an object; raises EncryptedFileError where KMS does not give it."""
    if envelope.problem:
        raise unreadable(envelope, path)
    need_cryptography()
    # the key named by the envelope, so that no other account's key is taken for it
    named: dict[str, Any] = {"KeyId": envelope.key} if envelope.key else {}
    try:
        reply = _where(access, envelope.key).call(
            *("kms", "decrypt"),
            CiphertextBlob=envelope.cek,
            EncryptionContext=dict(envelope.context),
            **named,
        )
    except (AwsCredentialsError, AwsThrottledError):
        raise
    except AwsError as error:
        denied = isinstance(error, AwsAccessDeniedError)
        raise EncryptedFileError(
            f"The object is encrypted on the client's side (CSE-KMS), and KMS "
            f"{'does not let us decrypt' if denied else 'did not decrypt'} its key: {error.what}",
            where=str(path),
            advice=f"{_who(access)} needs kms:Decrypt on {envelope.key or 'the key'}. "
            "A Spark cell reads it as the cluster's role.",
        ) from error
    return bytes(reply["Plaintext"])


def unreadable(envelope: Envelope, path: FilePath) -> EncryptedFileError:
    """Return the error of an object that can only be decrypted elsewhere."""
    by_session = (
        " While a session is open (run a %%spark cell first), it reads the object for you here too."
    )
    return EncryptedFileError(
        f"The object is encrypted on the client's side ({envelope.mode}) and cannot be "
        f"decrypted here: {envelope.problem}; its bytes are ciphertext",
        where=str(path),
        advice="Read it by a Spark cell (`spark.read…`): the cluster has what gives the key."
        + by_session * (envelope.mode == "CSE-Custom"),
    )


def new_key(
    access: AwsAccess, kms_key: str, path: FilePath, *, newer: bool
) -> tuple[bytes, bytes, Mapping[str, str]]:
    """Return content key, IV and metadata for one new object, AES-GCM.

    `newer` binds the algorithm into KMS's context, which EMRFS reads since its second
    encryption client; without it every EMRFS that knows GCM does.
    """
    need_cryptography()
    context = {_CONTEXT: GCM} if newer else {"kms_cmk_id": kms_key}
    try:
        reply = _where(access, kms_key).call(
            *("kms", "generate_data_key"),
            KeyId=kms_key,
            KeySpec="AES_256",
            EncryptionContext=context,
        )
    except AwsAccessDeniedError as error:
        raise EncryptedFileError(
            f"The cluster writes CSE-KMS, and KMS gives us no key: {error.what}",
            where=str(path),
            advice=f"{_who(access)} needs kms:GenerateDataKey on {kms_key}; nothing was written.",
        ) from error
    iv = os.urandom(12)
    told = {
        "x-amz-key-v2": base64.b64encode(bytes(reply["CiphertextBlob"])).decode(),
        "x-amz-iv": base64.b64encode(iv).decode(),
        "x-amz-cek-alg": GCM,
        "x-amz-wrap-alg": "kms+context" if newer else "kms",
        "x-amz-matdesc": json.dumps(context, separators=(",", ":")),
        "x-amz-tag-len": "128",
    }
    return bytes(reply["Plaintext"]), iv, {f"x-amz-meta-{k}": v for k, v in told.items()}


def _where(access: AwsAccess, key: str) -> AwsAccess:
    """Return our access to the region that a key's ARN names: keys do not leave theirs."""
    parts = key.split(":")
    region = parts[3] if key.startswith("arn:") and len(parts) > 5 else ""
    return access.in_region(region) if region not in ("", access.region) else access


def _who(access: AwsAccess) -> str:
    from emr_nb.files.s3_errors import principal_of

    return principal_of(access) or "Your identity"
