"""Access to AWS as one identity in one region: credentials, clients and request signing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

from emr_nb.aws import clients
from emr_nb.aws.budget import DEFAULT_WAIT, CallBudget
from emr_nb.aws.credentials import Credentials, CredentialsCache
from emr_nb.aws.errors import CallSite, credentials_refused, translate
from emr_nb.aws.signing import UNSIGNED_PAYLOAD, sign_request
from emr_nb.errors import AwsCredentialsError, AwsError

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

__all__ = ["UNSIGNED_PAYLOAD", "AwsAccess", "Credentials", "Identity"]

_IAM_PREFIXES = {"emr": "elasticmapreduce", "resourcegroupstaggingapi": "tag"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says we are."""

    account: str
    arn: str
    user_id: str


class AwsAccess:
    """One AWS identity, region and endpoint; may be shared between threads.

    The standard chain finds the credentials (environment, profile, SSO, process, container,
    instance), `role` is assumed on top of them, `credentials` replaces the chain. Nobody else
    keeps a secret: clients and signatures ask `current()` for every request. Expired
    credentials are read again, so `aws sso login` in a terminal is enough.
    """

    def __init__(
        self,
        profile: str = "",
        region: str = "",
        role: str = "",
        endpoint_url: str = "",
        credentials: Credentials | None = None,
        *,
        budget: CallBudget | None = None,
        base: Callable[[], Credentials] | None = None,
    ) -> None:
        self._base = base
        self.profile = profile
        self.role = role
        self.endpoint_url = endpoint_url
        self.budget = budget or CallBudget()
        self._given = credentials
        self._region = region
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._session: Session | None = None
        self._cache = CredentialsCache(self._load)
        self._identity: tuple[Credentials, Identity] | None = None

    def __repr__(self) -> str:
        shown = {
            "profile": self.profile,
            "region": self._region,
            "role": self.role,
            "endpoint_url": self.endpoint_url,
        }
        return f"AwsAccess({', '.join(f'{k}={v!r}' for k, v in shown.items() if v)})"

    # -- who and where --------------------------------------------------------------------

    @property
    def region(self) -> str:
        """The region: given, from the environment or profile, else of the instance we are on.

        Raises AwsError when there is none.
        """
        with self._lock:
            if not self._region:
                self._region = self._find_region()
            return self._region

    @property
    def where(self) -> str:
        """Short words for messages: region and endpoint, profile or role."""
        parts = [self._region or "no region"]
        parts += [self.endpoint_url] if self.endpoint_url else []
        parts += [f"profile {self.profile}"] if self.profile else []
        parts += [f"role {self.role}"] if self.role else []
        return "AWS " + ", ".join(parts)

    def current(self) -> Credentials:
        """Return valid credentials, refreshed at 80 % of their life; raises AwsCredentialsError."""
        return self._cache.current()

    def refused(self, seen: Credentials | None = None) -> bool:
        """Read the credentials again after a refusal; True when a retry may help."""
        return self._cache.refused(seen)

    def assuming(self, role: str) -> AwsAccess:
        """Return the access of a role that this identity assumes; it follows our credentials."""
        return AwsAccess(
            *(self.profile, self.region, role, self.endpoint_url),
            budget=self.budget,
            base=self.current,
        )

    def in_region(self, region: str) -> AwsAccess:
        """Return the same identity's access to another region; it follows our credentials."""
        return AwsAccess(
            *(self.profile, region, "", self.endpoint_url), budget=self.budget, base=self.current
        )

    def identity(self) -> Identity:
        """Return who AWS says we are; one GetCallerIdentity per set of credentials."""
        now = self.current()
        known = self._identity
        if known is not None and known[0] == now:
            return known[1]
        reply = self.call("sts", "get_caller_identity")
        found = Identity(reply.get("Account", ""), reply.get("Arn", ""), reply.get("UserId", ""))
        self._identity = (now, found)
        return found

    # -- calls ----------------------------------------------------------------------------

    @overload
    def client(self, service: Literal["emr"]) -> EMRClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: str) -> Any: ...

    def client(self, service: str) -> Any:
        """Return the botocore client of a service, made once; usable from several threads."""
        with self._lock:
            if service not in self._clients:
                try:
                    self._clients[service] = self._make_client(service)
                except AwsError:
                    raise
                except Exception as error:
                    raise translate(error, self._site(service, "")) from error
            return self._clients[service]

    def _client_once(self, service: str) -> Any:
        with self._lock:
            name = f"{service}, once"
            if name not in self._clients:
                self.client(service)  # what is wrong with the session shows there
                self._clients[name] = self._make_client(service, attempts=1)
            return self._clients[name]

    def call(
        self,
        service: str,
        operation: str,
        *,
        wait: float = DEFAULT_WAIT,
        further_page: bool = False,
        once: bool = False,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Make one call, within the budget, and once more with renewed credentials.

        `operation` is botocore's method name. `wait` is how many seconds the budget may hold
        an EMR call back. `once` is for what must not be done twice: nothing is sent again
        unless AWS refused to act. Raises AwsError's leaves and ClusterNotFoundError.
        """
        client = self._client_once(service) if once else self.client(service)
        site = self._site(service, client.meta.method_to_api_mapping.get(operation, operation))
        if service == "emr" and further_page:
            self.budget.page()
        elif service == "emr":
            self.budget.take(site.action, wait)
        method: Callable[..., dict[str, Any]] = getattr(client, operation)
        seen = self.current()
        try:
            return method(**parameters)
        except AwsError:
            raise
        except Exception as error:
            if not (credentials_refused(error) and self.refused(seen)):
                raise translate(error, site) from error
        try:
            return method(**parameters)
        except AwsError:
            raise
        except Exception as error:
            raise translate(error, site) from error

    def endpoint(self, service: str) -> str:
        """Return the base URL that a service's requests go to, without a closing slash."""
        if self.endpoint_url:  # as every client is made; to make one takes a second
            return self.endpoint_url.rstrip("/")
        return str(self.client(service).meta.endpoint_url).rstrip("/")

    def sign(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        body_sha256: str = "",
        service: str = "s3",
        region: str = "",
    ) -> dict[str, str]:
        """Return the headers of a request with its SigV4 signature added (S3's form of it).

        The URL must be spelled as it will be sent: percent-encoded, path not normalised.
        Give the `body`, or its SHA-256 in hex, or `UNSIGNED_PAYLOAD` for a stream over TLS.
        """
        return sign_request(
            *(self.current(), region or self.region, service, method, url),
            *(headers or {}, body or b"", body_sha256),
        )

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            made, self._clients = self._clients, {}
        for client in made.values():
            client.close()

    # -- inside ---------------------------------------------------------------------------

    def _site(self, service: str, operation: str) -> CallSite:
        action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
        return CallSite(action, self.where, self._profile_name, self.role)

    @property
    def _profile_name(self) -> str:
        return self.profile or os.environ.get("AWS_PROFILE", "")

    def _make_client(self, service: str, attempts: int = clients.ATTEMPTS) -> Any:
        if self._session is None:
            self._session = clients.live_session(self.profile, self.current)
        return clients.make_client(
            self._session, service, self.region, self.endpoint_url, attempts=attempts
        )

    def _load(self) -> Credentials:
        """Read the credential chain anew; a new session has no memory of old files."""
        site = self._site("sts", "AssumeRole")
        try:
            session = clients.new_session(self.profile)
            base = self._base() if self._base is not None else self._given
            base = base or clients.from_chain(session)
            if base is None:
                raise AwsCredentialsError(
                    "No AWS credentials were found", where=self.where, advice=site.login
                )
            if not self.role:
                return base
            sts = clients.make_client(session, "sts", self.region, self.endpoint_url, base)
            try:
                return clients.assume_role(sts, self.role)
            finally:
                sts.close()
        except AwsError:
            raise
        except Exception as error:
            raise translate(error, site) from error

    def _find_region(self) -> str:
        try:
            found = clients.find_region(clients.new_session(self.profile))
        except Exception as error:
            raise translate(error, self._site("sts", "region")) from error
        if not found:
            raise AwsError(
                "No AWS region is set",
                where=self.where,
                advice="Use --region, set AWS_REGION, or give the profile a region.",
            )
        return found
