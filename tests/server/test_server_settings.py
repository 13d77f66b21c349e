"""The settings that JupyterLab's page keeps: checked, in force at once, never a secret."""

from __future__ import annotations

import json

import pytest
from server_rig import ServerRig


@pytest.fixture
def clean(rig: ServerRig, monkeypatch) -> ServerRig:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION",
                 "AWS_DEFAULT_REGION", "JUPYTERHUB_USER", "EMR_NB_CLUSTER"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    return rig


def test_settings_are_kept_and_in_force_at_once(clean: ServerRig):
    rig = clean
    assert rig.get("/settings").json == {"values": {}, "overridden": {}}
    rig.get("/clusters")
    first = rig.backend.provider
    rig.get("/clusters/j-1/sessions")
    kept = {"region": "eu-west-1", "saved_rows": 0, "requester_pays": True, "keep_alive": 60}
    answer = rig.post("/settings", values=kept)
    assert (answer.status, answer.json["values"]) == (200, kept)
    assert rig.state.settings.region == "eu-west-1"
    assert rig.state.settings.saved_rows == 0
    assert first.closed, "the clusters of the other region are not asked any more"
    rig.get("/clusters/j-1/sessions")
    assert rig.backend.connects == ["j-1", "j-1"]
    assert json.loads(rig.state.settings_file.path.read_text()) == kept
    answer = rig.post("/settings", values={"region": None, "spool": "s3://b/spool", "user": ""})
    assert answer.json["values"] == {
        "saved_rows": 0, "requester_pays": True, "keep_alive": 60, "spool": "s3://b/spool"
    }  # fmt: skip
    assert rig.state.settings.region == ""


def test_what_stands_above_is_named(clean: ServerRig, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    answer = clean.post("/settings", values={"region": "eu-west-1"})
    assert answer.json["overridden"] == {"region": "AWS_REGION"}
    assert clean.state.settings.region == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("endpoint_url", "http://169.254.169.254"), ("data_home", "/etc"), ("endpoint_url", None),
     ("saved_rows", -1), ("saved_rows", "7"), ("saved_rows", True), ("spool", "http://h/x"),
     ("spool", "s3://"), ("region", "eu west"), ("role", "arn:aws:s3:::b"), ("profile", "a\nb"),
     ("profile", "AKIA" + "A" * 16), ("cluster", "http://me:pass@host:8998"),
     ("cluster", "x" * 1025)],
)  # fmt: skip
def test_what_is_no_setting_is_refused_and_nothing_kept(clean: ServerRig, name, value):
    answer = clean.post("/settings", values={"shown_rows": 7, name: value})
    assert (answer.status, answer.kind) == (400, "UsageError")
    assert clean.get("/settings").json["values"] == {}
    assert "AKIA" not in answer.content.decode()
    assert "pass@" not in answer.content.decode()


def test_a_folder_that_cannot_be_written_is_told(clean: ServerRig):
    path = clean.state.settings_file.path
    path.mkdir(parents=True)
    answer = clean.post("/settings", values={"shown_rows": 7})
    assert (answer.status, answer.kind) == (500, "SettingsError")
    assert str(path) in answer.json["where"]
