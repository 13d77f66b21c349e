"""Turns botocore's exceptions into our leaves, once, at the boundary of the AWS calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from emr_nb.errors import (
    AwsAccessDeniedError,
    AwsCredentialsError,
    AwsError,
    AwsThrottledError,
    ClusterNotFoundError,
)

EXPIRED_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "ExpiredCredentials"}
)
REFUSED_CODES = frozenset(
    {
        *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
        *("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "InvalidToken"),
        *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        *("IncompleteSignature", "NotAuthorized", "InvalidToken"),
    }
)
_SKEW_CODES = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_DENIED_CODES = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
        *("AuthorizationError", "AuthorizationErrorException", "Forbidden", "403"),
    }
)
_THROTTLED_CODES = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("SlowDown", "BandwidthLimitExceeded", "PriorRequestNotComplete"),
    }
)
_SKEW_TEXT = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
_PERFORM = re.compile(r"not authorized to perform:?\s+([\w-]+:\w+)")
_NO_CLUSTER = re.compile(r"cluster id '?([\w-]+)'? is not valid", re.IGNORECASE)
_SKEW_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class CallSite:
    """What was being asked of AWS, for a message: `action` as IAM spells it."""

    action: str
    where: str = ""
    profile: str = ""
    role: str = ""

    @property
    def login(self) -> str:
        """The advice that brings new credentials."""
        option = f" --profile {self.profile}" if self.profile else ""
        return (
            f"Run `aws sso login{option}` in a terminal (or renew the keys of your profile or"
            " environment) and run this again; the kernel need not be restarted."
        )


def error_code(error: BaseException) -> str:
    """Return AWS's error code of a ClientError, else an empty text."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def credentials_refused(error: BaseException) -> bool:
    """Tell whether new credentials may help."""
    code = error_code(error)
    return code in EXPIRED_CODES or (code in REFUSED_CODES and not _skewed(error))


def translate(error: Exception, site: CallSite) -> AwsError | ClusterNotFoundError:
    """Return our error for one of botocore's; raise it `from` the original."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _of_reply(error, site)
    return _of_client(error, site)


def _of_reply(error: Any, site: CallSite) -> AwsError | ClusterNotFoundError:
    code, message = error_code(error), str(error.response["Error"].get("Message", "")).strip()
    if code in _SKEW_CODES or _skewed(error):
        return _skew_error(error, site)
    if code in EXPIRED_CODES:
        return AwsCredentialsError(
            "The AWS credentials have expired", where=site.where, advice=site.login
        )
    if code in REFUSED_CODES:
        return AwsCredentialsError(
            f"AWS refused the credentials ({code}: {message})",
            where=site.where,
            advice=site.login,
        )
    if code in _DENIED_CODES:
        return _denied(message, site)
    if code in _THROTTLED_CODES:
        return AwsThrottledError(
            f"AWS throttles {site.action} ({code})",
            where=site.where,
            advice="Wait a minute: the limit is the account's, other tools may be using it up.",
        )
    if found := _NO_CLUSTER.search(message):
        return ClusterNotFoundError(
            f"No cluster has the id {found[1]}",
            where=site.where,
            advice="`%emr clusters` lists them; check --region and --profile.",
        )
    return AwsError(f"{site.action} failed: {message or code} ({code})", where=site.where)


def _denied(message: str, site: CallSite) -> AwsAccessDeniedError:
    named = _PERFORM.search(message)
    action = named[1] if named else site.action
    return AwsAccessDeniedError(
        f"This identity may not call {action}: {message}",
        where=site.where,
        advice=f"Ask for the IAM permission {action}, or use --profile or --role.",
    )


def _skewed(error: BaseException) -> bool:
    response = getattr(error, "response", None) or {}
    return bool(_SKEW_TEXT.search(str(response.get("Error", {}).get("Message", ""))))


def _skew_error(error: Any, site: CallSite) -> AwsCredentialsError:
    off = clock_offset(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
    found = ""
    if off is not None and abs(off) >= _SKEW_SECONDS:
        found = f": it is {abs(off) / 60:.0f} minutes {'behind' if off > 0 else 'ahead of'} AWS's"
    return AwsCredentialsError(
        f"AWS refused the signature because this machine's clock is off{found}",
        where=site.where,
        advice="Set the clock (NTP) and run this again; signatures hold for 5 to 15 minutes.",
    )


def clock_offset(headers: Mapping[str, str]) -> float | None:
    """Return the server's clock minus ours in seconds, from a reply's Date header."""
    date = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return (theirs - datetime.now(UTC)).total_seconds()


def _of_client(error: Exception, site: CallSite) -> AwsError:
    from botocore import exceptions as theirs

    text = str(error)
    if isinstance(error, theirs.ProfileNotFound):
        return AwsCredentialsError(
            text, where=site.where, advice="`aws configure list-profiles` lists them."
        )
    if isinstance(error, theirs.NoRegionError):
        return AwsError(
            "No AWS region is set",
            where=site.where,
            advice="Use --region, set AWS_REGION, or give the profile a region.",
        )
    refused = (
        *(theirs.NoCredentialsError, theirs.PartialCredentialsError, theirs.SSOError),
        *(theirs.CredentialRetrievalError, theirs.TokenRetrievalError, theirs.NoAuthTokenError),
        *(theirs.UnknownCredentialError, theirs.ConfigParseError, theirs.InvalidConfigError),
    )
    # `aws login` is younger than the oldest botocore that we take
    login = getattr(theirs, "LoginError", None)
    if isinstance(error, refused) or (login is not None and isinstance(error, login)):
        return AwsCredentialsError(
            f"No usable AWS credentials: {text}", where=site.where, advice=site.login
        )
    network = (theirs.ConnectionError, theirs.HTTPClientError)
    if isinstance(error, network):
        return AwsError(
            f"AWS cannot be reached for {site.action}: {text}",
            where=site.where,
            advice="Check the network, the proxy, the region and the endpoint override.",
        )
    return AwsError(f"{site.action} failed: {text}", where=site.where)
