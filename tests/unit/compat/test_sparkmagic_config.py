"""sparkmagic's config.json as emr_nb reads it, and the entry that %emr sparkmagic writes."""

import json
import stat

import pytest

from emr_nb.compat.sparkmagic import PLACEHOLDER
from emr_nb.compat.sparkmagic.config import config_path, read_config
from emr_nb.compat.sparkmagic.kernels import point_kernels, release_kernels
from emr_nb.errors import NeighbourError

SECRET = "c2VjcmV0IMOkIPCfmIA="  # "secret ä 😀"
FULL = {
    "kernel_python_credentials": {
        "username": "ada",
        "base64_password": SECRET,
        "url": "https://livy.example:8998/gate/",
        "auth": "Basic_Access",
    },
    "kernel_scala_credentials": {"username": "", "password": "", "url": "http://other:8998"},
    "session_configs_defaults": {"driverMemory": "1g", "conf": {"a": "1", "b": "1"}},
    "session_configs": {"conf": {"b": "2"}, "kind": "spark", "proxyUser": "eve"},
    "custom_headers": {"X-Team": 7},
    "ignore_ssl_errors": True,
}


def test_a_full_file(config):
    found = read_config(config(FULL))
    assert (found.url, found.auth, found.user) == (
        "https://livy.example:8998/gate",
        "Basic_Access",
        "ada",
    )
    assert found.password == "secret ä 😀"
    assert found.headers == {"X-Team": "7"}
    assert found.session == {"driverMemory": "1g", "conf": {"a": "1", "b": "2"}}
    assert found.left_out == ("kind", "proxyUser", "ignore_ssl_errors")
    assert not found.kernels_point_here
    assert "secret" not in repr(found)
    assert "X-Team" not in repr(found)


@pytest.mark.parametrize("text", [None, "", "  \n", "{}"])
def test_an_absent_or_empty_file_says_nothing(config, text):
    if text is not None:
        config(text)
    found = read_config()
    assert (found.url, found.auth, found.session) == ("", "None", {})
    assert found.path == config.path == config_path()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "is no JSON object"),
        ('{"session_configs": 5}', "has a session_configs that is no JSON object"),
        ('{"kernel_python_credentials": "x"}', "kernel_python_credentials that is no JSON object"),
        (
            '{"kernel_python_credentials": {"url": "http://h", "base64_password": "%%"}}',
            "not base64",
        ),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(config, text, words):
    path = config(text)
    with pytest.raises(NeighbourError, match=words) as caught:
        read_config()
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "auth"),
    [
        ({"username": "", "password": ""}, "None"),
        ({"username": "ada", "password": "x"}, "Basic_Access"),
        ({"username": "ada", "password": "x", "auth": "Mine"}, "Mine"),
    ],
)
def test_what_is_not_said_of_auth_follows_from_the_user(config, entry, auth):
    config({"kernel_python_credentials": {"url": "http://h:1", **entry}})
    assert read_config().auth == auth


def test_the_file_may_be_elsewhere(config, tmp_path, monkeypatch):
    monkeypatch.setenv("SPARKMAGIC_CONF_FILE", "other.json")
    (tmp_path / "other.json").write_text('{"kernel_scala_credentials": {"url": "http://s:1"}}')
    assert read_config().url == "http://s:1"


def test_the_kernels_entry_is_written_once_and_taken_out_whole(config):
    path = config({**FULL, "default_maxrows": 9})
    path.chmod(0o640)
    before = json.loads(path.read_text())
    assert point_kernels(path)
    assert not point_kernels(path)
    written = json.loads(path.read_text())
    assert written["kernel_python_credentials"]["url"] == PLACEHOLDER
    assert written["authenticators"]["emr_nb"].endswith(".EmrAuthenticator")
    assert written["authenticators"]["None"].startswith("sparkmagic.")
    assert written["default_maxrows"] == 9
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [f.name for f in path.parent.iterdir()] == ["config.json"]  # no copy of the password
    found = read_config(path)
    assert found.kernels_point_here
    assert (found.url, found.password) == ("https://livy.example:8998/gate", "secret ä 😀")
    assert release_kernels(path)
    assert json.loads(path.read_text()) == before
    assert not release_kernels(path)


def test_a_new_file_is_its_owner_s_alone(config):
    assert point_kernels(config.path)
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o600
    release_kernels(config.path)
    assert json.loads(config.path.read_text()) == {}


def test_a_broken_file_is_left_as_it_is(config):
    path = config("{")
    with pytest.raises(NeighbourError):
        point_kernels(path)
    assert path.read_text() == "{"
