"""AwsAccess before the local AWS server: identity, roles, renewal, signatures."""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
import urllib.request

import pytest

from emr_nb.aws.access import UNSIGNED_PAYLOAD, AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.errors import AwsCredentialsError


def test_identity_is_asked_once_per_set_of_credentials(rig):
    access = rig.access()
    first = access.identity()
    assert first.account == "123456789012"
    assert access.identity() is first


def test_a_role_is_assumed_on_top(rig):
    role = "arn:aws:iam::123456789012:role/Analyst"
    access = rig.access(role=role)
    assert access.current().method == "assume-role"
    assert access.current().expires is not None
    assert "assumed-role/Analyst/emr_nb-" in access.identity().arn


def test_clients_are_made_once(rig):
    access = rig.access()
    assert access.client("emr") is access.client("emr")
    assert access.endpoint("s3") == rig.server.url


def test_the_chain_reads_profiles_and_regions(tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n"
    )
    access = AwsAccess(profile="work")
    assert (access.region, access.current().access_key) == ("eu-north-1", "AKIAWORK")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert AwsAccess().region == "ap-south-1"


def keys(path, key):
    path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\n")


def test_a_login_in_a_terminal_is_enough(scripted, tmp_path):
    """The same access goes on when the credentials file has been renewed meanwhile."""

    def answer(authorization: str, _: str) -> tuple[int, dict]:
        if "AKIAOLD" in authorization:
            return 400, {"__type": "ExpiredTokenException", "message": "expired"}
        return 200, {"Clusters": []}

    scripted.answer = answer
    keys(tmp_path / "credentials", "AKIAOLD")
    access = AwsAccess(region="us-east-1", endpoint_url=scripted.url)
    with pytest.raises(AwsCredentialsError, match="expired"):
        access.call("emr", "list_clusters")
    keys(tmp_path / "credentials", "AKIANEW")
    assert access.call("emr", "list_clusters")["Clusters"] == []
    # refused once, once more with the old ones after the renewal, then with the new ones
    assert [("AKIAOLD" in a, "AKIANEW" in a) for a in scripted.seen] == [
        (True, False),
        (True, False),
        (False, True),
    ]


def test_nothing_shows_a_secret(rig):
    access = AwsAccess(
        profile="p", region="r", credentials=Credentials("AKIA", "very-secret", "very-secret")
    )
    assert "very-secret" not in repr(access) + repr(access.current()) + str(vars(access))


def verified(method: str, url: str, headers: dict[str, str], secret: str) -> bool:
    """Compute an S3 signature (SigV4) by the book and compare."""
    fields = dict(
        part.split("=", 1) for part in headers["Authorization"].split(" ", 1)[1].split(", ")
    )
    _, day, region, service, end = fields["Credential"].split("/")
    parts = urllib.parse.urlsplit(url)
    lower = {k.lower(): v for k, v in headers.items()} | {"host": parts.netloc}
    names = fields["SignedHeaders"].split(";")
    query = "&".join(sorted(p if "=" in p else p + "=" for p in parts.query.split("&") if p))
    canonical = "\n".join(
        [
            *(method, parts.path, query),
            *(f"{n}:{' '.join(lower[n].split())}" for n in names),
            *("", ";".join(names), lower["x-amz-content-sha256"]),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{day}/{region}/{service}/{end}"
    text = f"AWS4-HMAC-SHA256\n{lower['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for word in (day, region, service, end):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest() == fields["Signature"]


@pytest.mark.parametrize(
    "path", ["/bkt/plain", "/bkt/a//b/../c%09d/", "/bkt?list-type=2&prefix=a%2F%20%26", "/bkt/%25"]
)
def test_signatures_hold_for_odd_keys(path):
    access = AwsAccess(region="eu-west-1", credentials=Credentials("AKIA", "s3cret", "tok"))
    url = f"https://s3.eu-west-1.amazonaws.com{path}"
    headers = access.sign("GET", url, {"Range": "bytes=0-9"})
    assert headers["X-Amz-Security-Token"] == "tok"
    assert "range" in headers["Authorization"]
    assert verified("GET", url, headers, "s3cret")
    assert not verified("GET", url, headers, "other")


def test_the_body_is_hashed_given_or_left_out():
    access = AwsAccess(region="eu-west-1", credentials=Credentials("AKIA", "s3cret"))
    url = "https://s3.eu-west-1.amazonaws.com/bkt/k"
    body = b"hello"
    digest = hashlib.sha256(body).hexdigest()
    for options, expected in (
        ({"body": body}, digest),
        ({"body_sha256": digest}, digest),
        ({"body_sha256": UNSIGNED_PAYLOAD}, UNSIGNED_PAYLOAD),
        ({}, hashlib.sha256(b"").hexdigest()),
    ):
        headers = access.sign("PUT", url, **options)
        assert headers["X-Amz-Content-SHA256"] == expected
        assert verified("PUT", url, headers, "s3cret")


def test_signed_http_of_our_own_reads_s3(rig):
    access = rig.access()
    s3 = access.client("s3")
    s3.create_bucket(
        Bucket="odd-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.put_object(Bucket="odd-bucket", Key="a//b c/../d", Body=b"x" * 10)
    url = f"{rig.server.url}/odd-bucket?list-type=2&prefix=a%2F"
    request = urllib.request.Request(url, headers=access.sign("GET", url))
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert b"<Key>a//b c/../d</Key>" in reply.read()
    s3.delete_object(Bucket="odd-bucket", Key="a//b c/../d")
    s3.delete_bucket(Bucket="odd-bucket")


def test_boto_is_loaded_on_first_use():
    import subprocess
    import sys

    code = (
        "import emr_nb.aws.provider, emr_nb.settings, sys;"
        "emr_nb.aws.provider.AwsProvider(emr_nb.settings.Settings());"
        "sys.exit(any(m in sys.modules for m in ('boto3', 'botocore')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
