"""What JupyterLab's settings page keeps, and what stands above it."""

from __future__ import annotations

import json
import stat

import pytest
from traitlets.config import Config

from emr_nb.settings import EmrNb
from emr_nb.settings_file import KINDS, SettingsFile, fits


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMR_NB_HOME", str(tmp_path))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION",
                 "AWS_DEFAULT_REGION", "JUPYTERHUB_USER", "EMR_NB_CLUSTER"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_running_kernel_takes_what_is_kept(home):
    config = EmrNb()
    assert config.frozen().saved_rows == 20
    SettingsFile(home).write({"saved_rows": 0, "profile": "ops", "keep_alive": 60})
    now = config.frozen()
    assert (now.saved_rows, now.profile, now.keep_alive) == (0, "ops", 60)
    SettingsFile(home).write({"profile": "dev"})
    assert config.frozen().saved_rows == 20
    assert config.frozen().profile == "dev"
    (home / "settings.json").unlink()
    assert config.frozen().profile == ""


def test_code_and_configuration_stand_above_it(home):
    SettingsFile(home).write({"saved_rows": 5, "region": "eu-west-1", "spool": "s3://b/kept"})
    config = EmrNb(config=Config({"EmrNb": {"saved_rows": 20}}))  # though that is the default
    config.spool = "s3://b/mine"
    now = config.frozen()
    assert (now.saved_rows, now.spool, now.region) == (20, "s3://b/mine", "eu-west-1")
    config.update_config(Config({"EmrNb": {"region": "us-east-1"}}))  # as %config does
    assert config.frozen().region == "us-east-1"


@pytest.mark.parametrize(
    ("variable", "setting"),
    [("AWS_PROFILE", "profile"), ("AWS_ACCESS_KEY_ID", "profile"), ("AWS_REGION", "region"),
     ("AWS_DEFAULT_REGION", "region"), ("JUPYTERHUB_USER", "user")],
)  # fmt: skip
def test_the_environment_stands_above_it(home, monkeypatch, variable, setting):
    SettingsFile(home).write({setting: "kept"})
    assert getattr(EmrNb().frozen(), setting) == "kept"
    monkeypatch.setenv(variable, "of-the-environment")
    assert getattr(EmrNb().frozen(), setting) != "kept"


@pytest.mark.parametrize(
    "text", ["", "not JSON", "[1]", '{"endpoint_url": "http://169.254.169.254"}',
             '{"saved_rows": true}', '{"saved_rows": -1}', '{"keep_alive": NaN}',
             '{"spool": 7}', json.dumps({"cluster": "x" * 2000})],
)  # fmt: skip
def test_what_is_no_setting_is_not_read(home, text):
    (home / "settings.json").write_text(text)
    assert SettingsFile(home).read() == {}


def test_the_file_is_its_users_alone_and_never_half(home):
    file = SettingsFile(home / "new")
    file.write({"cluster": "etl"})
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        file.write({"cluster": object()})
    assert file.read() == {"cluster": "etl"}
    assert [p.name for p in file.path.parent.iterdir()] == ["settings.json"]


def test_every_setting_is_one_of_the_traits():
    defaults = EmrNb()
    assert all(fits(name, getattr(defaults, name)) for name in KINDS)
