"""Access to AWS as one identity in one region: credentials, clients and request signing."""

from __future__ import annotations

import getpass
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from emr_nb.aws.budget import DEFAULT_WAIT, CallBudget
from emr_nb.aws.credentials import Credentials, CredentialsCache
from emr_nb.aws.errors import CallSite, credentials_refused, translate
from emr_nb.errors import AwsCredentialsError, AwsError

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_IAM_PREFIXES = {"emr": "elasticmapreduce", "resourcegroupstaggingapi": "tag"}
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_ATTEMPTS = 4


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
    ) -> None:
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

    def call(
        self,
        service: str,
        operation: str,
        *,
        wait: float = DEFAULT_WAIT,
        further_page: bool = False,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Make one call, within the budget, and once more with renewed credentials.

        `operation` is botocore's method name. `wait` is how many seconds the budget may hold
        an EMR call back. Raises AwsError's leaves and ClusterNotFoundError.
        """
        client = self.client(service)
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
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        now = self.current()
        request = AWSRequest(method=method, url=url, headers=dict(headers or {}), data=body or b"")
        signer = S3SigV4Auth(_frozen(now), service, region or self.region)
        if body_sha256:
            # the instance's own attribute stands before the method that hashes the body
            signer.payload = lambda _request: body_sha256  # type: ignore[method-assign,assignment]
        else:
            request.context["client_config"] = _SIGN_THE_PAYLOAD
        signer.add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    # -- inside ---------------------------------------------------------------------------

    def _site(self, service: str, operation: str) -> CallSite:
        action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
        return CallSite(action, self.where, self._profile_name, self.role)

    @property
    def _profile_name(self) -> str:
        return self.profile or os.environ.get("AWS_PROFILE", "")

    def _new_session(self) -> Session:
        from botocore.session import Session

        return Session(profile=self.profile or None)

    def _make_client(self, service: str) -> Any:
        from botocore.config import Config

        if self._session is None:
            self._session = self._new_session()
            self._session.register_component("credential_provider", _Resolver(self))
        config = Config(
            region_name=self.region,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=16,
            tcp_keepalive=True,
            user_agent_extra="emr_nb",
            s3={"addressing_style": "path"} if self.endpoint_url else None,
        )
        create = cast(Callable[..., Any], self._session.create_client)
        return create(service, endpoint_url=self.endpoint_url or None, config=config)

    def _load(self) -> Credentials:
        """Read the credential chain anew; a new session has no memory of old files."""
        site = CallSite("the credential chain", self.where, self._profile_name, self.role)
        try:
            base = self._given or self._from_chain(site)
            return self._assume(base) if self.role else base
        except AwsError:
            raise
        except Exception as error:
            raise translate(error, site) from error

    def _from_chain(self, site: CallSite) -> Credentials:
        found = self._new_session().get_credentials()
        if found is None:
            raise AwsCredentialsError(
                "No AWS credentials were found", where=self.where, advice=site.login
            )
        frozen = found.get_frozen_credentials()
        return Credentials(
            str(frozen.access_key),
            str(frozen.secret_key),
            frozen.token or "",
            expires=getattr(found, "_expiry_time", None),  # botocore tells it nowhere else
            method=str(found.method or ""),
        )

    def _assume(self, base: Credentials) -> Credentials:
        session = self._new_session()
        create = cast(Callable[..., Any], session.create_client)
        sts = create(
            "sts",
            region_name=self.region,
            endpoint_url=self.endpoint_url or None,
            aws_access_key_id=base.access_key,
            aws_secret_access_key=base.secret_key,
            aws_session_token=base.token or None,
        )
        try:
            reply = sts.assume_role(RoleArn=self.role, RoleSessionName=_session_name())
        except Exception as error:
            raise translate(error, self._site("sts", "AssumeRole")) from error
        finally:
            sts.close()
        got = reply["Credentials"]
        return Credentials(
            got["AccessKeyId"],
            got["SecretAccessKey"],
            got["SessionToken"],
            expires=got["Expiration"],
            method="assume-role",
        )

    def _find_region(self) -> str:
        session = self._new_session()
        try:
            found = session.get_config_variable("region") or os.environ.get("AWS_REGION")
        except Exception as error:
            raise translate(error, self._site("sts", "region")) from error
        if not found:
            found = _instance_region(session)
        if not found:
            raise AwsError(
                "No AWS region is set",
                where=self.where,
                advice="Use --region, set AWS_REGION, or give the profile a region.",
            )
        return str(found)


def _session_name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid{os.getuid()}"
    return re.sub(r"[^\w+=,.@-]", "-", f"emr_nb-{user}")[:64]


def _instance_region(session: Session) -> str | None:
    from botocore.utils import IMDSRegionProvider

    return cast("str | None", IMDSRegionProvider(session).provide())


def _frozen(now: Credentials) -> Any:
    from botocore.credentials import ReadOnlyCredentials

    return ReadOnlyCredentials(now.access_key, now.secret_key, now.token or None, None)


class _SignThePayload:
    """The part of a client's configuration that S3's signer looks at."""

    s3 = {"payload_signing_enabled": True}  # noqa: RUF012 - never changed


_SIGN_THE_PAYLOAD = _SignThePayload()


class _Resolver:
    """Botocore's credential provider: hands out an object that asks AwsAccess every time."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access

    def load_credentials(self) -> Any:
        from botocore.credentials import Credentials as Theirs

        access = self._access

        class Live(Theirs):
            def get_frozen_credentials(self) -> Any:
                return _frozen(access.current())

        # never looked at: every request asks for frozen credentials
        return Live("unused", "unused", method="emr_nb")
