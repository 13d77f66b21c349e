"""AWS's own error bodies, through a real botocore client, as our leaves."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.errors import (
    AwsAccessDeniedError,
    AwsCredentialsError,
    AwsError,
    AwsThrottledError,
    ClusterNotFoundError,
)

DENIED = (
    "User: arn:aws:iam::123456789012:user/ana is not authorized to perform:"
    " elasticmapreduce:ListClusters because no identity-based policy allows the"
    " elasticmapreduce:ListClusters action"
)


def access(url: str, **options: str) -> AwsAccess:
    given = Credentials("AKIAIOSFODNN7EXAMPLE", "very-secret-key", "very-secret-token")
    return AwsAccess(region="us-east-1", endpoint_url=url, credentials=given, **options)


@pytest.mark.parametrize(
    ("code", "message", "leaf", "said"),
    [
        ("ExpiredTokenException", "expired", AwsCredentialsError, "aws sso login"),
        ("UnrecognizedClientException", "invalid token", AwsCredentialsError, "Unrecognized"),
        ("InvalidSignatureException", "does not match", AwsCredentialsError, "refused"),
        ("AccessDeniedException", DENIED, AwsAccessDeniedError, "elasticmapreduce:ListClusters"),
        ("AccessDeniedException", "no", AwsAccessDeniedError, "elasticmapreduce:ListClusters"),
        ("ThrottlingException", "Rate exceeded", AwsThrottledError, "throttles"),
        ("InvalidRequestException", "Cluster id 'j-X' is not valid.", ClusterNotFoundError, "j-X"),
        ("ValidationException", "odd", AwsError, "odd"),
        ("SomethingNew", "never seen", AwsError, "never seen"),
    ],
)
def test_an_error_reply_becomes_its_leaf(scripted, code, message, leaf, said):
    scripted.fail(code, message)
    with pytest.raises(leaf) as raised:
        access(scripted.url).call("emr", "list_clusters")
    assert type(raised.value) is leaf
    assert said in str(raised.value)
    assert "us-east-1" in str(raised.value)
    assert raised.value.__cause__ is not None
    assert "very-secret" not in str(raised.value)


def test_a_skewed_clock_is_explained_with_its_offset(scripted):
    scripted.date = format_datetime(datetime.now(UTC) + timedelta(minutes=17), usegmt=True)
    scripted.fail("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier")
    with pytest.raises(AwsCredentialsError, match="clock is off: it is 17 minutes behind"):
        access(scripted.url).call("emr", "list_clusters")
    assert len(scripted.seen) == 1  # new credentials would not help


def test_an_endpoint_that_is_not_there_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(AwsError, match=f"cannot be reached.*{port}"):
        access(f"http://127.0.0.1:{port}").call("emr", "list_clusters")


def test_no_credentials_at_all(monkeypatch):
    with pytest.raises(AwsCredentialsError, match="No AWS credentials") as raised:
        AwsAccess(region="us-east-1", endpoint_url="http://127.0.0.1:9").current()
    assert "aws sso login" in str(raised.value)


def test_an_unknown_profile_is_named():
    with pytest.raises(AwsCredentialsError, match="nosuch"):
        AwsAccess(profile="nosuch", region="us-east-1").current()


def test_no_region_says_how_to_set_one():
    with pytest.raises(AwsError, match="No AWS region") as raised:
        _ = AwsAccess().region
    assert "--region" in str(raised.value)


def test_an_sso_profile_without_a_login_names_the_command(tmp_path):
    (tmp_path / "config").write_text(
        "[profile work]\nsso_session = corp\nsso_account_id = 123456789012\n"
        "sso_role_name = Analyst\nregion = eu-west-1\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example\n"
    )
    with pytest.raises(AwsCredentialsError) as raised:
        AwsAccess(profile="work").current()
    assert "aws sso login --profile work" in str(raised.value)


def test_a_half_written_profile_is_refused(tmp_path):
    (tmp_path / "credentials").write_text("[half]\naws_access_key_id = AKIA\n")
    with pytest.raises(AwsCredentialsError):
        AwsAccess(profile="half", region="us-east-1").current()
