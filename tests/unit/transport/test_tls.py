"""TLS fails closed: chain and name are verified, and a tunnel's name can be given."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import OK

from emr_nb.errors import ConnectFailedError, UsageError
from emr_nb.model import Endpoint
from emr_nb.transport.base import Tls
from emr_nb.transport.http import HttpxClient

x509 = pytest.importorskip("cryptography.x509")


def write_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for *.ec2.internal, as EMR's own are, with its key."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "*.ec2.internal")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.ec2.internal")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "certificate.pem"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Path, list[bytes]]]:
    """A TLS server: its port, its certificate, and the requests that it read."""
    certificate = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    read: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as sock:
                    read.append(sock.recv(65536))
                    sock.sendall(OK)
            except OSError:
                plain.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], certificate, read
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def post(port: int, tls: Tls | None) -> str:
    http = HttpxClient(Endpoint("livy", "127.0.0.1", port, "https"), tls=tls, timeout=10)
    try:
        return http.request("POST", "/x").text
    finally:
        http.close()


def test_the_right_authority_and_name(server):
    port, certificate, read = server
    assert post(port, Tls(str(certificate), "ip-10-0-0-5.ec2.internal")) == "ok"
    assert len(read) == 1


@pytest.mark.parametrize(
    ("ca", "name"),
    [
        (False, None),
        (False, "ip-10-0-0-5.ec2.internal"),
        (True, None),
        (True, "evil.example.com"),
    ],
)
def test_anything_else_is_refused_before_a_byte_is_sent(server, ca, name):
    port, certificate, read = server
    with pytest.raises(ConnectFailedError, match="certificate verify failed") as caught:
        post(port, Tls(str(certificate) if ca else None, name))
    assert "Give the CA" in caught.value.advice
    assert read == []


def test_an_unusable_ca_file_is_said_at_once(tmp_path):
    with pytest.raises(UsageError, match="CA file"):
        post(1, Tls(str(tmp_path / "nothing.pem")))
