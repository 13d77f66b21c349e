"""Every subcommand of %emr: its answer, its value, and what it does when it is misspelled."""

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from emr_nb.errors import ConnectFailedError, NotAttachedError, StatementError, UsageError
from emr_nb.model import Endpoint, Progress, Service, SessionInfo
from emr_nb.notebook.answers import Facts, Records
from emr_nb.testing.fake_engine import FakeCluster
from emr_nb.transport.direct import DirectRoute


def value(bench, line):
    bench.run(f"_v = {line}")
    return bench.shell.user_ns["_v"]


def test_attach_answers_four_lines_and_returns_the_cluster(bare):
    result = bare.run("%emr attach fake")
    assert isinstance(result.result, FakeCluster)
    data, _ = bare.shell.display_formatter.format(result.result)
    lines = data["text/plain"].splitlines()
    assert [line.split("  ")[0] for line in lines] == ["cluster", "engines", "who I am", "session"]
    assert "emr-7.9.0" in lines[0]
    assert "ends after 1 h idle" in lines[0]
    assert "Spark 3.5.5" in lines[1]
    assert "not found: Hive" in lines[1]
    assert "none yet" in lines[3]


def test_an_assigned_attach_shows_nothing(bare):
    result = bare.run("c = %emr attach fake")
    assert bare.shell.user_ns["c"] is bare.cluster
    assert not bare.screen.shown
    assert result.out == ""


def test_an_attach_in_the_middle_of_a_cell_shows_its_lines_once(bare):
    bare.run("%emr attach fake\nx = 1")
    assert bare.screen.plain.count("who I am") == 1


def test_attach_starts_no_session_unless_asked(bare):
    bare.run("_ = %emr attach fake")
    assert not bare.engine.opened
    bare.run("_ = %emr attach fake --spark")
    assert len(bare.engine.opened) == 1


def test_attach_passes_its_options_on(bare):
    bare.run("_ = %emr connect j-1 --name prod --user bob --profile p --region eu-west-1 --role r")
    call = bare.attached[-1]
    assert (call["target"], call["name"], call["user"]) == ("j-1", "prod", "bob")
    assert (call["settings"].profile, call["settings"].region) == ("p", "eu-west-1")
    assert call["settings"].role == "r"


def test_the_environment_overrides_the_target_and_says_so(bare, monkeypatch):
    monkeypatch.setenv("EMR_NB_CLUSTER", "j-SCHEDULED")
    bare.run("_ = %emr attach prod")
    assert bare.attached[-1]["target"] == "j-SCHEDULED"
    assert "EMR_NB_CLUSTER=j-SCHEDULED overrides prod" in bare.screen.text


def test_a_living_session_is_found_and_said(bare):
    name = "emr_nb/ada/flights/abc123"
    created = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
    bare.engine.alive[name] = SessionInfo("7", name, "spark", "idle", created=created)
    bare.run("_ = %emr attach fake")
    (line,) = [text for label, text in value(bare, "%emr status") if label == "session"]
    assert "found 7" in line
    assert "--fresh" in line
    bare.run("%%spark\n1")
    assert bare.engine.opened[-1].name == name


def test_fresh_takes_a_name_of_its_own(bare):
    name = "emr_nb/ada/flights/abc123"
    bare.engine.alive[name] = SessionInfo("7", name, "spark", "idle")
    bare.run("_ = %emr attach fake --fresh")
    bare.run("%%spark\n1")
    assert bare.engine.opened[-1].name.startswith(f"{name}-")


def test_livy_down_is_said_and_files_still_work(bare):
    def down():
        raise ConnectFailedError("Livy does not answer", where="h:8998")

    bare.engine.sessions = down
    bare.run("_c = %emr attach fake")
    (line,) = [text for label, text in value(bare, "%emr status") if label == "session"]
    assert "not known: Livy does not answer [h:8998]" in line
    bare.cluster.stores["hdfs"].files["hdfs:///a"] = b""
    assert len(value(bare, "%emr ls /")) == 1


def test_detach_ends_what_was_begun_here_alone(bench):
    bench.engine.alive["others"] = SessionInfo("9", "others", "spark", "idle")
    bench.run("%%spark\n1")
    bench.run("%%spark -s others\n1")
    bench.run("_ = %emr detach")
    assert bench.engine.closed == ["emr_nb/ada/flights/abc123"]
    assert bench.cluster.closed
    bench.run("%emr status", fails=True)


def test_use_names_the_nearest(bench):
    result = bench.run("%emr use fkae", fails=True)
    assert isinstance(result.error_in_exec, NotAttachedError)
    assert "Did you mean fake?" in result.out
    assert value(bench, "%emr use fake") is bench.cluster


def test_alone_it_shows_the_next_commands(bare):
    assert isinstance(value(bare, "%emr"), Facts)
    assert sum("%emr" in text for _, text in value(bare, "%emr")) == 3
    bare.run("_ = %emr attach fake")
    assert "fake (current)" in repr(value(bare, "%emr"))


@pytest.mark.parametrize(("word", "near"), [("atach", "attach"), ("hisotry", "history")])
def test_an_unknown_word_names_the_nearest(bare, word, near):
    result = bare.run(f"%emr {word} x", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert f"Did you mean %emr {near}?" in result.out
    assert "Traceback" not in result.out


def test_clusters(bare):
    rows = value(bare, "%emr clusters")
    assert [c.name for c in rows] == ["etl-prod", "etl-dev"]
    assert len(value(bare, "%emr clusters --all")) == 3
    assert list(rows.pandas()["id"]) == ["j-1", "j-2"]


def test_sessions_and_stop(bench):
    bench.run("%%spark\n1")
    (info,) = value(bench, "%emr sessions")
    assert info.name == "emr_nb/ada/flights/abc123"
    bench.run("_ = %emr stop")
    assert bench.engine.closed == [info.name]
    assert len(value(bench, "%emr sessions")) == 0


def test_stop_takes_an_id_and_refuses_an_unknown_name(bench):
    bench.engine.alive["others"] = SessionInfo("9", "others", "spark", "idle")
    bench.run("%emr stop nobody", fails=True)
    bench.run("_ = %emr stop 9")
    assert bench.engine.closed == ["others"]


def test_restart_gives_a_new_session(bench):
    bench.run("%%spark\n1")
    text = value(bench, "%emr restart")
    assert "stands in for emr_nb/ada/flights/abc123" in text
    assert len(bench.engine.opened) == 2
    bench.run("%%spark\n1")
    assert len(bench.engine.opened) == 2


def test_history_comes_from_the_journal(bench):
    bench.run("%%spark -l sql\nselect 42")
    (row,) = value(bench, "%emr history")
    assert (row.state, row.language, row.text.strip()) == ("done", "sql", "select 42")
    assert "select 42" in repr(value(bench, "%emr history"))


def test_cancel_by_tag_and_the_newest(bench):
    bench.run("%emr cancel", fails=True)
    bench.answer([Progress("running", 0.1), StatementError("no")])
    bench.run("%%spark\n1", fails=True)
    tag = bench.engine.requests[-1].tag
    assert "stopped" in value(bench, f"%emr cancel {tag[:8]}")
    assert bench.engine.cancels == [tag]
    bench.run("%emr cancel 00000000", fails=True)


def test_logs(bench):
    bench.run("%emr logs", fails=True)
    bench.run("%%spark\n1")
    assert value(bench, "%emr logs") == ["INFO ready"]


def files(bench):
    bench.cluster.stores["hdfs"].files.update(
        {
            "hdfs:///data/a.csv": b"x,y\n1,2\n3,4\n",
            "hdfs:///data/deep/b": b"\x00\xff" * 1024,
            "hdfs:///data/<img src=x onerror=alert(1)>": b"",
        }
    )


def test_ls(bench):
    files(bench)
    rows = value(bench, "%emr ls /data")
    assert [e.name for e in rows] == ["<img src=x onerror=alert(1)>", "a.csv", "deep"]
    assert "<img" not in rows._repr_html_()
    assert "&lt;img" in rows._repr_html_()
    assert "-rw-r--r--" in repr(rows)
    assert "2 files, 12 B" in repr(rows)
    assert len(rows.pandas()) == 3


def test_ls_recursive_human_and_json(bench):
    files(bench)
    rows = value(bench, "%emr ls -Rh /data")
    assert "deep/b" in repr(rows)
    assert "2.0 KiB" in repr(rows)
    lines = value(bench, "%emr ls --json /data").splitlines()
    assert json.loads(lines[1])["path"] == "hdfs:///data/a.csv"


def test_ls_pages(bench):
    bench.cluster.stores["s3"].page_size = 2
    bench.cluster.stores["s3"].files.update({f"s3://b/k{n}": b"" for n in range(5)})
    assert len(value(bench, "%emr ls s3://b/")) == 5


def test_a_long_listing_is_shown_in_part_and_says_so(bench):
    bench.cluster.stores["s3"].files.update({f"s3://b/k{n:05}": b"" for n in range(1500)})
    rows = value(bench, "%emr ls s3://b/")
    assert len(rows) == len(rows.pandas()) == 1500
    assert "1,000 of 1,500 rows are shown" in repr(rows)
    assert rows._repr_html_().count("<tr>") == 1001


def test_ls_of_nothing_fails(bench):
    result = bench.run("%emr ls /nowhere", fails=True)
    assert "hdfs:///nowhere" in result.out


def test_head(bench):
    files(bench)
    assert value(bench, "%emr head /data/a.csv -n 2") == "x,y\n1,2"
    assert value(bench, "%emr head /data/a.csv -c 3") == "x,y"
    bench.shell.user_ns["name"] = "a.csv"
    assert value(bench, "%emr head /data/{name}").startswith("x,y")
    bench.run("%emr head /data/a.csv -n 1 -c 1", fails=True)


def test_put_and_get(bench, tmp_path):
    source = tmp_path / "with blank.csv"
    source.write_bytes(b"1,2\n")
    bench.run(f"_ = %emr put '{source}' /in/x.csv")
    assert bench.cluster.stores["hdfs"].files["hdfs:///in/x.csv"] == b"1,2\n"
    bench.run(f"_ = %emr put '{source}' /in/x.csv", fails=True)
    bench.run(f"_ = %emr put '{source}' /in/x.csv --overwrite")
    back = tmp_path / "back.csv"
    rows = value(bench, f"%emr get /in/x.csv {back}")
    assert isinstance(rows, Records)
    assert back.read_bytes() == b"1,2\n"
    bench.run(f"%emr get /in/x.csv {back}", fails=True)


@pytest.mark.parametrize("topic", ["", "attach", "connect", "spark", "%%sql", "ls"])
def test_help(bare, topic):
    assert value(bare, f"%emr help {topic}")


def test_help_names_every_command_and_option(bare):
    text = value(bare, "%emr help")
    for command in bare.extension.emr.commands:
        assert f"%emr {command.name} " in text
        told = value(bare, f"%emr help {command.name}")
        assert all(flag in told for option in command.options for flag in option.flags)
        assert value(bare, f"%emr {command.name} --help") == told
        if not any("-h" in option.flags for option in command.options):  # of sizes for people
            assert value(bare, f"%emr {command.name} -h") == told


def test_a_listing_of_the_root_names_what_is_in_it(bench):
    files(bench)
    names = [line.split()[-1] for line in repr(value(bench, "%emr ls /")).splitlines()[1:-1]]
    assert "data/" in names


def test_status_and_attach_tell_what_does_not_answer(bare):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = (Endpoint("livy", "127.0.0.1", port),)
        with socket.create_server(("127.0.0.1", 0)) as other:
            gone = (Endpoint("hive", "127.0.0.1", other.getsockname()[1]),)
        bare.cluster.services = (Service("livy", there), Service("hive", gone), Service("s3"))
        bare.cluster.route = DirectRoute()
        bare.run("_c = %emr attach fake")
        lines = dict(value(bare, "%emr status"))
    assert lines["hive"].endswith("no answer")
    assert "no answer" not in lines["livy"] + lines["s3"]
    found, silent, missing = lines["engines"].split(" · ")
    assert found == "Spark 3.5.5, S3"
    assert silent == f"no answer: Hive (port {gone[0].port})"
    assert "Trino" in missing


def test_yarn_is_asked_of_local_clusters_alone(bare):
    for typed, target in (("", "local+yarn"), ("local", "local+yarn"), ("local:b", "local:b+yarn")):
        bare.run(f"_ = %emr attach {typed} --yarn")
        assert bare.attached[-1]["target"] == target
    asked = len(bare.attached)
    result = bare.run("%emr attach prod --yarn", fails=True)
    assert "--yarn is for local clusters" in result.out
    assert len(bare.attached) == asked


def test_queue_and_application_are_shown(bare):
    name = "emr_nb/ada/flights/abc123"
    bare.engine.alive[name] = SessionInfo("7", name, "spark", "idle", app_id="application_1_0001")
    bare.engine.placed = lambda infos: [replace(i, queue="adhoc") for i in infos]
    facts = dict(value(bare, "%emr attach fake") and value(bare, "%emr status"))
    assert "(application_1_0001, queue adhoc) · idle" in facts["session"]
    assert "adhoc" in repr(value(bare, "%emr sessions"))
