"""Botocore's sessions and clients, made our way: deadlines, retries, live credentials."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from emr_nb.aws.credentials import Credentials

if TYPE_CHECKING:
    from botocore.session import Session

_CONNECT_SECONDS = 5
_READ_SECONDS = 20
ATTEMPTS = 4


def new_session(profile: str) -> Session:
    """Return a session that has read nothing yet: a new one sees renewed files."""
    from botocore.session import Session

    return Session(profile=profile or None)


def live_session(profile: str, current: Callable[[], Credentials]) -> Session:
    """Return a session whose clients ask `current` for every request."""
    session = new_session(profile)
    session.register_component("credential_provider", _Resolver(current))
    return session


def make_client(
    session: Session,
    service: str,
    region: str,
    endpoint_url: str = "",
    given: Credentials | None = None,
    *,
    attempts: int = ATTEMPTS,
) -> Any:
    """Return a client with deadlines and adaptive retries; `given` replaces the session's own."""
    from botocore.config import Config

    config = Config(
        region_name=region,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        max_pool_connections=16,
        tcp_keepalive=True,
        user_agent_extra="emr_nb",
        s3={"addressing_style": "path"} if endpoint_url else None,
    )
    keys: dict[str, str | None] = {}
    if given is not None:
        keys["aws_access_key_id"] = given.access_key
        keys["aws_secret_access_key"] = given.secret_key
        keys["aws_session_token"] = given.token or None
    # its overloads name every service there is
    create = cast(Callable[..., Any], session.create_client)
    return create(service, endpoint_url=endpoint_url or None, config=config, **keys)


def from_chain(session: Session) -> Credentials | None:
    """Return what the standard credential chain finds; raises botocore's exceptions."""
    found = session.get_credentials()
    if found is None:
        return None
    frozen = found.get_frozen_credentials()
    return Credentials(
        str(frozen.access_key),
        str(frozen.secret_key),
        frozen.token or "",
        expires=getattr(found, "_expiry_time", None),  # botocore tells it nowhere else
        method=str(found.method or ""),
    )


def assume_role(sts: Any, role: str) -> Credentials:
    """Return the credentials of a role; raises botocore's exceptions."""
    got = sts.assume_role(RoleArn=role, RoleSessionName=_session_name())["Credentials"]
    return Credentials(
        got["AccessKeyId"],
        got["SecretAccessKey"],
        got["SessionToken"],
        expires=got["Expiration"],
        method="assume-role",
    )


def find_region(session: Session) -> str:
    """Return the region of environment or profile, else of the instance we are on, else ""."""
    found = session.get_config_variable("region") or os.environ.get("AWS_REGION")
    if not found:
        from botocore.utils import IMDSRegionProvider

        found = cast("str | None", IMDSRegionProvider(session).provide())
    return str(found or "")


def frozen(now: Credentials) -> Any:
    """Return credentials as botocore's signers take them."""
    from botocore.credentials import ReadOnlyCredentials

    return ReadOnlyCredentials(now.access_key, now.secret_key, now.token or None, None)


def _session_name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid{os.getuid()}"
    return re.sub(r"[^\w+=,.@-]", "-", f"emr_nb-{user}")[:64]


class _Resolver:
    """Botocore's credential provider: hands out an object that asks us every time."""

    def __init__(self, current: Callable[[], Credentials]) -> None:
        self._current = current

    def load_credentials(self) -> Any:
        from botocore.credentials import Credentials as Theirs

        current = self._current

        class Live(Theirs):
            def get_frozen_credentials(self) -> Any:
                return frozen(current())

        # never looked at: every request asks for frozen credentials
        return Live("unused", "unused", method="emr_nb")
