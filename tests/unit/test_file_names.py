"""Names and places: what a remote name may become here, and where a NameNode may send us."""

from __future__ import annotations

import pytest

from emr_nb.errors import UsageError
from emr_nb.files.copy import local_name
from emr_nb.files.paths import cluster_path
from emr_nb.files.webhdfs_hosts import may_redirect, safe_addresses
from emr_nb.model import FilePath, Service


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("dir/plain.txt", "plain.txt"),
        ("a/../../etc/passwd", "passwd"),
        ("..\\..\\evil", ".._.._evil"),
        ("nul\0byte", "nul_byte"),
        ("two\nlines", "two_lines"),
        ("\x1b[31mred", "_[31mred"),
        ("\u202etxt.exe", "_txt.exe"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("CON", "CON"),
        ("dir/", "dir"),
        ("été 漢字😀", "été 漢字😀"),
    ],
)
def test_local_name(key, name):
    assert local_name(FilePath("s3", "b", key)) == name


@pytest.mark.parametrize("key", ["", "/", "a/..", "..", ".", "a/."])
def test_no_name_is_refused(key):
    with pytest.raises(UsageError):
        local_name(FilePath("s3", "b", key))


@pytest.mark.parametrize(
    ("namenode", "target", "allowed"),
    [
        ("localhost", "localhost", True),
        ("127.0.0.1", "localhost", True),
        ("localhost", "ip-10-0-0-5.ec2.internal", False),
        ("localhost", "169.254.169.254", False),
        ("ip-10-0-0-5.ec2.internal", "ip-10-0-0-9.ec2.internal", True),
        ("ip-10-0-0-5.ec2.internal", "localhost", False),
        ("ip-10-0-0-5.ec2.internal", "127.0.0.1", False),
        ("ip-10-0-0-5.ec2.internal", "[::1]", False),
        ("ip-10-0-0-5.ec2.internal", "::1", False),
        ("ip-10-0-0-5.ec2.internal", "::ffff:169.254.169.254", False),
        ("ip-10-0-0-5.ec2.internal", "169.254.169.254", False),
        ("ip-10-0-0-5.ec2.internal", "10.0.0.9", True),
        ("ip-10-0-0-5.ec2.internal", "8.8.8.8", False),
        ("ip-10-0-0-5.ec2.internal", "evil.example.com", False),
        ("ec2-1-2-3-4.compute-1.amazonaws.com", "ip-10-0-0-9.eu-west-1.compute.internal", True),
        ("nn.corp.example", "dn1.corp.example", True),
        ("nn.corp.example", "corp.example.evil.com", False),
        ("nn.corp.example", "known.elsewhere.net", True),
        ("10.0.0.1", "0.0.0.0", False),
        ("nn", "", False),
    ],
)
def test_where_a_namenode_may_send_us(namenode, target, allowed):
    assert may_redirect(namenode, target, {"known.elsewhere.net"}) is allowed


def test_a_name_that_hides_this_machine_is_refused():
    assert safe_addresses(["10.0.0.1"], loopback=False)
    assert not safe_addresses(["10.0.0.1", "127.0.0.1"], loopback=False)
    assert not safe_addresses(["169.254.169.254"], loopback=False)
    assert not safe_addresses(["fe80::1%eth0"], loopback=False)
    assert safe_addresses(["127.0.0.1", "::1"], loopback=True)
    assert not safe_addresses(["10.0.0.1"], loopback=True)


def test_paths_of_a_cluster():
    hdfs = Service("webhdfs")
    on_s3 = Service("webhdfs", properties={"fs.defaultFS": "s3://root-bucket/"})
    assert cluster_path("/a%b?c", [hdfs]) == FilePath("hdfs", "", "/a%b?c")
    assert cluster_path("/a/b", [on_s3]) == FilePath("s3", "root-bucket", "a/b")
    assert cluster_path("s3a://b//k/../x", []) == FilePath("s3", "b", "/k/../x")
    assert cluster_path("file:/tmp/x", []) == FilePath("file", "", "/tmp/x")
    for bad in ("relative", "", "ftp://host/x"):
        with pytest.raises(UsageError):
            cluster_path(bad, [])
