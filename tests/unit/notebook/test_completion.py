"""Completion: commands, flags, values, names and paths; never slower than its deadline."""

import time

import pytest
from IPython.core.completer import provisionalcompleter

from emr_nb.model import Completion, Page
from emr_nb.notebook.completion import Completer
from emr_nb.testing.fake_engine import MemoryFileSystem


@pytest.fixture
def complete(bench):
    completer = Completer(bench.notebook, bench.extension.emr)

    def run(text, cursor=None):
        found = completer.complete(text, len(text) if cursor is None else cursor)
        return None if found is None else [word for word, _ in found[1]]

    return run


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("%emr att", "attach"),
        ("%emr ls -", "--json"),
        ("%emr attach --fr", "--fresh"),
        ("%emr attach etl", "etl-prod"),
        ("%emr attach --name x etl-d", "etl-dev"),
        ("c = %emr attach lo", "local"),
        ("%emr use fa", "fake"),
        ("%emr help hi", "history"),
        ("%%spark -", "--chart"),
        ("%%spark -l s", "sql"),
        ("%%spark --chart h", "hist"),
        ("%%sql --on f", "fake"),
        ("x = 1\n%emr sta", "status"),
        ("%hdfs se", "setrep"),
        ("%hdfs dfs -che", "-checksum"),
        ("n = %fs ls -", "--json"),
        ("%hdfs -ls -", "-R"),
    ],
)
def test_words(complete, text, word):
    assert word in complete(text)


def test_other_text_is_not_ours(complete):
    assert complete("import o") is None
    assert complete("print('%emr at") is None


def test_paths(bench, complete):
    bench.cluster.stores["hdfs"].files["hdfs:///data/2013/a.csv"] = b""
    bench.cluster.stores["s3"].files["s3://b/k.csv"] = b""
    assert complete("%emr ls /da") == ["/data/"]
    assert complete("%emr head /data/2013/") == ["/data/2013/a.csv"]
    assert complete("%emr ls s3://b/") == ["s3://b/k.csv"]


def test_paths_of_a_large_folder(bench, complete):
    class Large(MemoryFileSystem):
        def beginning(self, path, name):
            return Page([e for e in self._below(path).values() if e.name.startswith(name)])

    store = bench.cluster.stores["hdfs"] = Large("hdfs")
    store.files |= {f"hdfs:///many/f{n:04}": b"" for n in range(3000)}
    assert complete("%emr ls /many/f297") == [f"/many/f{n:04}" for n in range(2970, 2980)]
    assert len(complete("%emr ls /many/")) == 499


def test_local_paths(complete, tmp_path):
    (tmp_path / "file.csv").write_text("")
    assert complete(f"%emr put {tmp_path}/fi") == [f"{tmp_path}/file.csv"]


def test_remote_names_come_from_the_open_session(bench, complete):
    bench.engine.completions = (Completion("frame", 4, 6, "instance"),)
    assert complete("%%spark\nx = fr") == []  # no session is started by a Tab
    bench.run("%%spark\n1")
    assert complete("%%spark\nx = fr") == ["frame"]


def test_a_slow_listing_does_not_hold_the_tab(bench, complete):
    store = bench.cluster.stores["hdfs"]
    store.files["hdfs:///slow/a"] = b""
    quick = store.ls
    store.ls = lambda path, after=None: (time.sleep(4.0), quick(path, after))[1]
    began = time.monotonic()
    assert complete("%emr ls /slow/") == []
    assert time.monotonic() - began < 3.5
    end = time.monotonic() + 30
    while complete("%emr ls /slow/") != ["/slow/a"]:
        assert time.monotonic() < end


def test_a_failing_listing_is_silent(complete):
    assert complete("%emr ls /nowhere/") == []


def test_in_the_shell(bench):
    def tab(text):
        with provisionalcompleter():
            return [c.text for c in bench.shell.Completer.completions(text, len(text))]

    assert tab("%emr att") == ["attach"]
    assert tab("x = 1\n%emr ls --re") == ["--recursive"]
    assert "import" in tab("im")


def test_sql_cells_of_an_engine_complete_by_its_catalog(duck):
    completer = Completer(duck.notebook, duck.extension.emr)

    def run(text):
        found = completer.complete(text, len(text))
        return found and [word for word, _ in found[1]]

    duck.run("%%duckdb -q\ncreate table flights (carrier varchar, delay int)")
    assert run("%%duckdb -o df\nselect * from fli") == ["flights"]
    assert run("%%duckdb\nselect 1;\nselect f.ca") == []
    assert "where" in run("%%duckdb\nselect 1 from flights wh")
    text = "%%duckdb\nselect f. from flights f"
    fragment, found = completer.complete(text, text.index(". ") + 1)
    assert (fragment, [word for word, _ in found]) == ("", ["carrier", "delay"])
    assert run("%emr columns main.fl") == ["main.flights"]
    assert "duckdb" in run("%emr tables --engine d")
    assert len(duck.duckdb.sessions()) == 1


def test_completion_starts_no_session(duck):
    completer = Completer(duck.notebook, duck.extension.emr)
    assert completer.complete("%%duckdb\nsel", 12)[1] == [("select", "keyword")]
    assert not duck.duckdb.sessions()
    assert completer.complete("%%hive\nsel", 10) == ("", [])  # the cluster has none


def test_an_engines_own_completions_come_first(duck, monkeypatch):
    completer = Completer(duck.notebook, duck.extension.emr)
    own = (Completion("selected_by_itself", 0, 3),)
    monkeypatch.setattr(duck.duckdb, "complete", lambda *_: own)
    assert completer.complete("%%duckdb\nsel", 12) == ("sel", [("selected_by_itself", "")])
