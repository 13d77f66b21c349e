"""Our S3 signatures are botocore's, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.aws.clients import frozen
from emr_nb.aws.credentials import Credentials
from emr_nb.aws.quick_signing import s3_headers

SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["Range", "If-Match", "x-amz-meta-a", "Content-Type", "X-Amz-Copy-Source"]),
    VALUE,
)


@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "POST", "DELETE"]),
    base=st.sampled_from(
        ["https://b.s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000", "https://h:443/b"]
    ),
    key=TEXT,
    query=st.dictionaries(TEXT, TEXT, max_size=4),
    headers=HEADERS,
    token=st.sampled_from(["", "tok/en+="]),
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
)
def test_signatures_are_botocores(method, base, key, query, headers, token, region):
    spelled = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in query.items())
    url = f"{base}/{quote(key, safe='-_.~/')}" + (f"?{spelled}" if spelled else "")
    credentials = Credentials("AKIA", "secret/key", token)
    request = AWSRequest(method=method, url=url, headers=dict(headers))
    signer = S3SigV4Auth(frozen(credentials), "s3", region)
    signer.payload = lambda _: SHA
    signer.add_auth(request)
    theirs = {str(name): str(value) for name, value in request.headers.items()}
    now = datetime.strptime(theirs["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = s3_headers(credentials, region, method, url, headers, SHA, now)
    assert {k.lower(): v for k, v in ours.items()} == {k.lower(): v for k, v in theirs.items()}
