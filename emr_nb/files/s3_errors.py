"""What S3 says, as our errors."""

from __future__ import annotations

import re
import threading
from contextlib import suppress

from emr_nb.aws.access import AwsAccess
from emr_nb.errors import (
    AwsCredentialsError,
    AwsError,
    EmrError,
    EncryptedFileError,
    FileError,
    HttpStatusError,
    PathDeniedError,
    PathExistsError,
    PathNotFoundError,
)
from emr_nb.files import s3_xml

CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "AuthorizationHeaderMalformed",
    }
)
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NotFound"})
_EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


# how S3 words an AccessDenied of its own policies and of KMS's
_DENIED = re.compile(r"User: (\S+) is not authorized to perform: (\S+?)(?: on resource: (\S+))?\s")
_KEY = re.compile(r"arn:aws[\w-]*:kms:\S+?(?=[\s\"',]|$)")
_SSE_C = "Server Side Encryption"  # of InvalidRequest, when the customer's key is missing
_PATIENCE = 3.0  # seconds that a name in an error message may take


def principal_of(access: AwsAccess) -> str:
    """Return who asked, as AWS calls it; empty where STS does not tell in time."""
    found: list[str] = []

    def ask() -> None:
        with suppress(Exception):  # a name in a message must not replace the message
            found.append(access.identity().arn)

    asking = threading.Thread(target=ask, name="s3-principal", daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return found[0] if found else access.role


def translate(error: HttpStatusError, where: str, action: str, principal: str = "") -> EmrError:
    """Map an error status; `action` is the IAM action that was needed, `principal` who asked."""
    code, message, told = s3_xml.error(error.body)
    said = f"{code}: {message}" if code else f"HTTP {error.status}"
    if code in _MISSING or error.status == 404:
        what = "There is no such bucket" if code == "NoSuchBucket" else "Nothing is there"
        return PathNotFoundError(what, where=where)
    if code == "RequestTimeTooSkewed":
        return AwsError(
            f"This machine's clock differs too much from S3's ({told.get('ServerTime', '')})",
            where=where,
            advice="Set the clock (NTP) and try again.",
        )
    if code in CREDENTIALS or (not code and error.status in (400, 401)):
        return AwsCredentialsError(
            f"S3 refused the credentials ({said})",
            where=where,
            advice="Log in again (`aws sso login`) or choose another --profile.",
        )
    if code in _EXISTS or error.status in (409, 412):
        return PathExistsError(
            "Something is there already", where=where, advice="Use --overwrite to replace it."
        )
    if error.status == 403 and code != "InvalidObjectState":
        return _denied(said, message, where, action, principal)
    if code == "InvalidRequest" and _SSE_C in message:
        return EncryptedFileError(
            "The object is encrypted with a key of its owner's (SSE-C), which S3 does not keep",
            where=where,
            advice="Only who has that key can read it; EMR does not support SSE-C.",
        )
    if code == "SlowDown" or error.status == 503:
        return FileError(
            f"S3 still asks to slow down after several tries ({said})",
            where=where,
            advice="Others use this prefix heavily; try again in a minute.",
        )
    if code == "InvalidObjectState":
        return FileError(
            "The object is archived and must be restored before it can be read", where=where
        )
    return FileError(f"S3 failed ({said})", where=where)


def _denied(said: str, message: str, where: str, action: str, principal: str) -> PathDeniedError:
    """Name the permission, the principal and the key; S3's own words know best."""
    if (told := _DENIED.search(message + " ")) is not None:
        principal, action = told[1], told[2]
    who = principal or "the identity that `%emr status` shows"
    key = _KEY.search(message)
    if action.startswith("kms:"):
        what = f"KMS does not allow {action} with the object's key to {who}"
        advice = f"{who} needs {action} on {key[0] if key else 'the key'}."
    else:
        what = f"S3 does not allow {action} to {who}"
        advice = f"{who} needs {action} here, and for an object encrypted by KMS also the use "
        advice += "of its key."
    return PathDeniedError(f"{what} ({said})", where=where, advice=advice)
