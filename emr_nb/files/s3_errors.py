"""What S3 says, as our errors."""

from __future__ import annotations

from emr_nb.errors import (
    AwsCredentialsError,
    AwsError,
    EmrError,
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


def translate(error: HttpStatusError, where: str, action: str) -> EmrError:
    """Map an error status; `action` is the IAM action that was needed."""
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
    if error.status == 403:
        return PathDeniedError(
            f"S3 does not allow it ({said})",
            where=where,
            advice=f"The identity that `%emr status` shows needs {action}, and for an object "
            "encrypted by KMS also the use of its key.",
        )
    if code == "InvalidObjectState":
        return FileError(
            "The object is archived and must be restored before it can be read", where=where
        )
    return FileError(f"S3 failed ({said})", where=where)
