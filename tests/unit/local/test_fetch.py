"""Fetching against a real HTTP server: ranges, cuts, wrong bytes, a killed process."""

import hashlib
import http.server
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from emr_nb.errors import DownloadError
from emr_nb.local.fetch import Fetcher
from emr_nb.local.lockfile import LockedFile

_SIZE = 300_000


class Repository(http.server.ThreadingHTTPServer):
    """Serves `files`; knows ranges unless told not to, and can cut or slow a reply."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.ranges = True
        self.cuts = 0
        self.delay = 0.0
        self.status = 200
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.requests.append((self.path, asked))
        body = server.files.get(self.path.lstrip("/"))
        if body is None or server.status != 200:
            self.send_error(404 if body is None else server.status)
            return
        start = int(re.match(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        if server.cuts:
            server.cuts -= 1
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        for at in range(0, len(rest), 4096):
            self.wfile.write(rest[at : at + 4096])
            if server.delay:
                self.wfile.flush()
                time.sleep(server.delay)

    def log_message(self, *_):
        pass


@pytest.fixture
def repository():
    server = Repository()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _offer(server, name, body=None):
    body = os.urandom(_SIZE) if body is None else body
    digest = hashlib.sha256(body).hexdigest()
    file = LockedFile(f"org.example:{name}:1", "jar", digest, len(body))
    server.files[file.path] = body
    return file


def _quiet(*_):
    pass


def test_fetches_in_parallel_and_tells_every_byte(repository, tmp_path):
    files = [_offer(repository, f"part{i}") for i in range(8)]
    seen = []
    Fetcher(tmp_path, repository.url).fetch("parts", files, lambda *told: seen.append(told))
    for file in files:
        assert (tmp_path / file.name).read_bytes() == repository.files[file.path]
    assert max(done for _, done, _ in seen) == 8 * _SIZE
    assert seen[-1] == ("parts", 8 * _SIZE, 8 * _SIZE)
    assert not list(tmp_path.glob("*.part"))


def test_nothing_is_asked_twice(repository, tmp_path):
    file = _offer(repository, "part")
    Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    assert len(repository.requests) == 1


def test_goes_on_where_a_cut_reply_ended(repository, tmp_path):
    file = _offer(repository, "part")
    repository.cuts = 1
    seen = []
    Fetcher(tmp_path, repository.url).fetch("parts", [file], lambda *told: seen.append(told))
    assert (tmp_path / file.name).read_bytes() == repository.files[file.path]
    (_, first), (_, second) = repository.requests
    assert first is None
    assert second == f"bytes={_SIZE // 2}-"  # every byte that came was kept
    assert seen[-1][1] == _SIZE


def test_a_server_without_ranges_sends_all_again(repository, tmp_path):
    file = _offer(repository, "part")
    repository.cuts, repository.ranges = 1, False
    seen = []
    Fetcher(tmp_path, repository.url).fetch("parts", [file], lambda *told: seen.append(told))
    assert (tmp_path / file.name).read_bytes() == repository.files[file.path]
    assert seen[-1][1] == _SIZE


def test_wrong_bytes_are_never_kept(repository, tmp_path):
    file = _offer(repository, "part")
    repository.files[file.path] = bytes(_SIZE)
    with pytest.raises(DownloadError, match="wrong checksum"):
        Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    assert not list(tmp_path.iterdir())


def test_a_part_that_is_too_long_starts_anew(repository, tmp_path):
    file = _offer(repository, "part")
    (tmp_path / f"{file.name}.part").write_bytes(bytes(_SIZE + 1))
    Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    assert (tmp_path / file.name).read_bytes() == repository.files[file.path]


def test_missing_file_names_its_place(repository, tmp_path):
    file = LockedFile("org.example:gone:1", "jar", "0" * 64, 10)
    with pytest.raises(DownloadError, match="404") as caught:
        Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    assert caught.value.where == f"{repository.url}/{file.path}"
    assert len(repository.requests) == 1  # a refusal is not asked again


def test_nothing_listens(tmp_path):
    file = LockedFile("org.example:gone:1", "jar", "0" * 64, 10)
    with pytest.raises(DownloadError, match="could not be fetched"):
        Fetcher(tmp_path, "http://127.0.0.1:9").fetch("parts", [file], _quiet)


def test_stop_ends_a_slow_fetch_and_keeps_what_came(repository, tmp_path):
    file = _offer(repository, "part")
    repository.delay = 0.02
    stop = threading.Event()
    threading.Timer(0.4, stop.set).start()
    began = time.monotonic()
    with pytest.raises(DownloadError, match="interrupted"):
        Fetcher(tmp_path, repository.url, stop).fetch("parts", [file], _quiet)
    assert time.monotonic() - began < 20
    assert 0 < (tmp_path / f"{file.name}.part").stat().st_size < _SIZE
    assert not (tmp_path / file.name).exists()


def test_resumes_after_its_process_was_killed(repository, tmp_path):
    file = _offer(repository, "part")
    repository.delay = 0.05
    script = textwrap.dedent(f"""
        from pathlib import Path
        from emr_nb.local.fetch import Fetcher
        from emr_nb.local.lockfile import LockedFile
        file = LockedFile({file.coordinate!r}, "jar", {file.sha256!r}, {file.size})
        Fetcher(Path({str(tmp_path)!r}), {repository.url!r}).fetch("x", [file], lambda *_: None)
    """)
    root = Path(__file__).parents[3]
    child = subprocess.Popen([sys.executable, "-c", script], cwd=root)
    part = tmp_path / f"{file.name}.part"
    give_up = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 60_000) and time.monotonic() < give_up:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    have = part.stat().st_size
    assert 0 < have < _SIZE
    repository.delay = 0.0
    Fetcher(tmp_path, repository.url).fetch("parts", [file], _quiet)
    assert repository.requests[-1][1] == f"bytes={have}-"
    assert (tmp_path / file.name).read_bytes() == repository.files[file.path]
