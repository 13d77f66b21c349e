"""The local AWS server as a process, its errors, and what of moto it relies on."""

from __future__ import annotations

import contextlib
import inspect
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from emr_nb.local.aws_server.server import AwsServer
from emr_nb.testing.clusters import AwsServerRig

# what EMR has and neither moto nor we serve; shrink it, and never let it grow unseen
MISSING = {
    *("CreateStudio", "CreateStudioSessionMapping", "DeleteStudio", "DeleteStudioSessionMapping"),
    *("DescribeStudio", "GetStudioSessionMapping", "ListStudioSessionMappings", "ListStudios"),
    *("UpdateStudio", "UpdateStudioSessionMapping"),
    *("DescribeNotebookExecution", "ListNotebookExecutions"),
    *("StartNotebookExecution", "StopNotebookExecution"),
    *("GetSession", "GetSessionEndpoint", "ListSessions", "StartSession", "TerminateSession"),
    "SetUnhealthyNodeReplacement",
}


def test_every_emr_action_is_served_or_known_to_be_missing():
    import botocore.session
    from moto.core.utils import camelcase_to_underscores

    from emr_nb.local.aws_server.emr import EmrService

    model = botocore.session.get_session().get_service_model("emr")
    served = {n for n, _ in inspect.getmembers(EmrService, inspect.isfunction)}
    missing = {o for o in model.operation_names if camelcase_to_underscores(o) not in served}
    assert missing <= MISSING


def test_what_we_use_of_moto_is_still_there():
    """A rename in moto must fail here, by name, and not somewhere in a notebook."""
    from moto.core import responses
    from moto.core.exceptions import ServiceException
    from moto.emr import urls
    from moto.emr.responses import ElasticMapReduceResponse
    from moto.moto_server import werkzeug_app
    from moto.resourcegroupstaggingapi import urls as tag_urls
    from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

    assert set(urls.url_paths) == set(tag_urls.url_paths) == {"{0}/$"}
    for name in ("call_action", "get_region_from_url", "dispatch", "_get_param"):
        assert callable(getattr(responses.BaseResponse, name)), name
    assert issubclass(ElasticMapReduceResponse, responses.BaseResponse)
    assert callable(ResourceGroupsTaggingAPIResponse.get_resources)
    assert ElasticMapReduceResponse().automated_parameter_parsing  # fills `params`
    assert ServiceException("Code", "text").message == "text"
    assert responses.ActionResult({"a": 1}).result == {"a": 1}
    for name in ("DomainDispatcherApplication", "MotoRequestHandler", "create_backend_app"):
        assert hasattr(werkzeug_app, name), name


def test_a_missing_action_is_a_proper_error():
    with AwsServer() as server:
        rig = AwsServerRig(server)
        with pytest.raises(ClientError, match="not implemented on the local cluster") as raised:
            rig.emr.list_studios()
        metadata = raised.value.response["ResponseMetadata"]
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (400, 0)
        with pytest.raises(ClientError, match="not implemented on the local cluster"):
            rig.access().client("iam").simulate_principal_policy(
                PolicySourceArn="arn:aws:iam::123456789012:user/a", ActionNames=["s3:GetObject"]
            )
        rig.close()


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("emr", "list_clusters", "ExpiredTokenException"),
        ("s3", "list_buckets", "ExpiredToken"),
        ("sts", "get_caller_identity", "ExpiredToken"),
    ],
)
def test_expired_keys_are_refused_by_every_protocol(service, operation, code):
    with AwsServer() as server:
        client = AwsServerRig(server, access_key="AKIAEXPIRED").access().client(service)
        getattr(client, operation)()
        server.expire("AKIAEXPIRED")
        with pytest.raises(ClientError) as raised:
            getattr(client, operation)()
        assert raised.value.response["Error"]["Code"] == code
        client.close()


def test_two_servers_have_clusters_of_their_own():
    with AwsServer() as one, AwsServer() as two:
        first, second = AwsServerRig(one), AwsServerRig(two)
        first.run("x")
        assert len(first.emr.list_clusters()["Clusters"]) == 1
        assert second.emr.list_clusters()["Clusters"] == []
        first.close()
        second.close()


def test_moto_itself_stays_as_it_was():
    from moto.emr import urls
    from moto.emr.responses import ElasticMapReduceResponse

    with AwsServer() as server:
        rig = AwsServerRig(server)
        rig.emr.list_clusters()
        rig.close()
    assert urls.url_paths["{0}/$"] == ElasticMapReduceResponse.dispatch


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def listening(pid: int) -> set[str]:
    """Return the local addresses (hex, as in /proc) that a process listens on."""
    sockets = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # what it closes meanwhile is no listener
            sockets.add(str(fd.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1])
    return found


def test_the_process_answers_soon_on_loopback_alone_and_ends_on_term(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "emr_nb.local.aws_server", "--port", str(port)]
    began = time.monotonic()
    process = subprocess.Popen([*command, "--state-dir", str(tmp_path)], stderr=subprocess.PIPE)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() - began < 60
                time.sleep(0.02)
        assert listening(process.pid) == {f"0100007F:{port:04X}"}
        body = json.dumps({}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/",
            data=body,
            headers={
                "X-Amz-Target": "ElasticMapReduce.ListClusters",
                "Content-Type": "application/x-amz-json-1.1",
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/"
                "elasticmapreduce/aws4_request, SignedHeaders=host, Signature=0",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            assert json.load(reply) == {"Clusters": []}
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
        assert process.stderr is not None
        errors = process.stderr.read().decode()
        process.stderr.close()
    assert code == 0
    assert "Traceback" not in errors
