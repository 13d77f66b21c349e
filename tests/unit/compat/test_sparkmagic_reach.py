"""The cluster that config.json names, who we are there, and what other kernels are told."""

import base64
import stat
import threading
from argparse import Namespace
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from emr_nb.cluster import AttachedCluster
from emr_nb.compat.sparkmagic.credentials import RequestsAuth
from emr_nb.compat.sparkmagic.magics import completed
from emr_nb.compat.sparkmagic.place import place_of
from emr_nb.compat.sparkmagic.provider import SparkmagicProvider
from emr_nb.compat.sparkmagic.record import (
    forget_record,
    read_record,
    record_of,
    record_path,
    write_record,
)
from emr_nb.errors import MissingExtraError, NeighbourError, ServiceNotInstalledError
from emr_nb.settings import Settings
from emr_nb.testing.fake_engine import FakeCluster


class Livy(BaseHTTPRequestHandler):
    """Has no session, and keeps what headers came."""

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        body = b'{"from": 0, "total": 0, "sessions": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def livy():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Livy)
    server.daemon_threads = True
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), data_home=tmp_path / "home")


def attached(settings):
    provider = SparkmagicProvider(settings)
    info, services = provider.attach("sparkmagic", lambda _: None)
    return AttachedCluster(info, services, provider, settings, route=provider.route())


def credentials(livy, **more):
    return {"kernel_python_credentials": {"url": livy.url, **more}}


def test_the_file_s_url_password_and_headers_reach_livy(config, livy, settings):
    config(
        {**credentials(livy, username="ada", password="first"), "custom_headers": {"X-Team": "d"}}
    )
    with attached(settings) as cluster:
        assert list(cluster.engine("spark").sessions()) == []
        place = place_of(cluster)
        assert place.url == livy.url
        assert sent(livy) == ("ada:first", "d")
        assert "first" not in repr(place)
        config(credentials(livy, username="ada", password="second"))  # changed by the user
        list(cluster.engine("spark").sessions())
        assert sent(livy) == ("ada:second", "d")
        shown = place.auth.headers("GET", place.url)  # what sparkmagic's requests are given
        assert shown["Authorization"] == livy.seen[-1]["Authorization"]


def sent(livy):
    headers = livy.seen[-1]
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    return pair, headers["X-Team"]


def test_what_cannot_be_followed_is_said(config, livy, settings):
    config({})
    with pytest.raises(NeighbourError, match="names no Livy URL"):
        attached(settings)
    config(credentials(livy, auth="Kerberos"))
    with pytest.raises(NeighbourError, match="Kerberos"):
        attached(settings)


def test_a_custom_class_adds_its_headers():
    requests = pytest.importorskip("requests")

    class Token(requests.auth.AuthBase):
        def __call__(self, request):
            request.headers["Authorization"] = f"Token {request.method} {request.url}"
            return request

    auth = RequestsAuth(Token())
    assert auth.headers("POST", "http://h:1/sessions") == {
        "Authorization": "Token POST http://h:1/sessions",
    }
    assert not auth.refused()


def test_a_custom_class_without_sparkmagic_names_the_extra(config, livy, settings):
    from emr_nb.compat.sparkmagic import installed

    if installed():
        pytest.skip("sparkmagic is installed here")
    config({**credentials(livy, auth="Mine"), "authenticators": {"Mine": "my.auth.Mine"}})
    with pytest.raises(MissingExtraError, match="needs sparkmagic"):
        attached(settings)


def test_it_takes_its_own_name_and_nothing_that_is_another_s(config, livy, settings):
    config(credentials(livy))
    provider = SparkmagicProvider(settings)
    assert provider.handles("sparkmagic")
    assert not any(map(provider.handles, ("local", "prod", "http://h:1")))


@pytest.mark.parametrize(
    ("line", "given", "more"),
    [
        ("add -s a -l python", {"command": ["add"], "session": "a"}, " -u URL -t emr_nb"),
        ("add -u http://x", {"command": ["add"], "url": "http://x"}, ""),
        ("add -t None", {"command": ["add"], "auth": "None"}, " -u URL"),
        ("add -a me -p x", {"command": ["add"], "user": "me", "password": "x"}, " -u URL"),
        ("info -i 4", {"command": ["info"], "id": 4}, " -u URL -t emr_nb"),
        ("info", {"command": ["info"]}, ""),
        ("delete -i 4", {"command": ["delete"], "id": 4}, " -u URL -t emr_nb"),
        ("delete -s a", {"command": ["delete"], "session": "a"}, ""),
        ("cleanup", {"command": ["cleanup"]}, ""),  # with a URL it would end everybody's
        ("-s a -c sql", {"command": [""], "session": "a"}, ""),
    ],
)
def test_only_lines_that_need_a_server_get_one(line, given, more):
    nothing = {"url": None, "auth": None, "user": "", "password": "", "id": None, "session": None}
    filled = completed(line, Namespace(**{**nothing, **given}), "URL")
    assert filled == line + more


def test_the_record_has_all_that_another_kernel_needs_and_goes_with_its_cluster(tmp_path):
    cluster = FakeCluster()
    cluster.settings = Settings(profile="p", region="eu-west-1", role="arn:r")
    write_record(tmp_path, record_of(cluster))
    found = read_record(tmp_path)
    assert (found.target, found.name, found.user) == ("j-FAKE", "fake", "ada")
    assert (found.profile, found.region, found.role) == ("p", "eu-west-1", "arn:r")
    assert stat.S_IMODE(record_path(tmp_path).stat().st_mode) == 0o600
    forget_record(tmp_path, "j-ANOTHER")
    assert read_record(tmp_path) == found
    forget_record(tmp_path, "j-FAKE")
    assert read_record(tmp_path) is None


def test_a_damaged_record_is_said(tmp_path):
    record_path(tmp_path).write_text("{")
    with pytest.raises(NeighbourError, match="attached last"):
        read_record(tmp_path)


def test_a_cluster_without_livy_is_no_place():
    with pytest.raises(ServiceNotInstalledError):
        place_of(FakeCluster())  # its services have no endpoints
