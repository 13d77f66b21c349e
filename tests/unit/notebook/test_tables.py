"""`%emr describe` and `table:DB.T`: what lies behind a table, by the words of each engine."""

import re

import pytest

from emr_nb.engines.base import Abilities
from emr_nb.engines.sql.described import (
    format_of,
    kind_of,
    made_with,
    names_in_array,
    partition_spec,
    told_of,
)
from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.naming import plainly
from emr_nb.errors import PathNotFoundError, StatementError, UsageError
from emr_nb.model import CatalogNode, FilePath, Service
from emr_nb.notebook import describing, locations
from emr_nb.notebook.completion import Completer
from emr_nb.notebook.locations import TablePath

BASE = "hdfs:///user/hive/warehouse/air.db/flights"
# as HiveServer2 3.1.3 answers
FORMATTED = [
    ("# col_name", "data_type", "comment"), ("location", "string", ""), ("", None, None),
    ("# Partition Information", None, None), ("# col_name", "data_type", "comment"),
    ("day", "date", ""), ("", None, None),
    ("# Detailed Table Information", None, None), ("Owner:              ", "ada      ", None),
    ("CreateTime:         ", "Fri Nov 27 00:06:30 UTC 2026", None),
    ("Location:           ", BASE, None), ("Table Type:         ", "MANAGED_TABLE       ", None),
    ("Table Parameters:", None, None), ("", "numFiles            ", "2"),
    ("", "numRows             ", "12000"), ("", "totalSize           ", "400"),
    ("# Storage Information", None, None),
    ("SerDe Library:      ", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", None),
    ("InputFormat:        ", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", None),
]  # fmt: skip
VIEW = [
    ("# col_name", "data_type", "comment"), ("a", "int", ""),
    ("# Detailed Table Information", None, None), ("Table Type:", "VIRTUAL_VIEW", None),
    ("# View Information", None, None), ("Original Query:", "select a\nfrom t", None),
]  # fmt: skip
CREATE = """CREATE TABLE hive.air.flights (
   carrier varchar,
   day date
)
WITH (
   format = 'PARQUET',
   partitioned_by = ARRAY['day','it''s']
)"""


class Server:
    """Answers what it is asked, as an engine would; what it does not know is an error."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def __call__(self, _session, sql):
        self.asked.append(sql)
        if sql not in self.answers:
            raise StatementError(f"Table not found: {sql}")
        return self.answers[sql]


@pytest.fixture
def store(duck):
    return duck.cluster.stores["hdfs"]


def speaks(duck, monkeypatch, dialect, answers):
    """Let DuckDB's place be taken by a server of this dialect."""
    server = Server(answers)
    duck.duckdb.abilities = Abilities(dialect=dialect)
    monkeypatch.setattr(describing, "ask_quietly", server)
    monkeypatch.setattr(locations, "ask_quietly", server)
    monkeypatch.setattr(
        describing, "columns_of", lambda *_: [CatalogNode("carrier", "column", "", "string")]
    )
    monkeypatch.setattr(locations, "_who_knows", lambda made, **_: made.of("duckdb"))
    return server


def fill(store):
    for name, size in (("day=2024-01-02/a", 300), ("day=2024-01-01/b", 100), ("_SUCCESS", 0)):
        store.write(FilePath.parse(f"{BASE}/{name}"), [b"x" * size])


# -- describe -------------------------------------------------------------------------------


def test_hive_and_its_files(duck, store, monkeypatch):
    fill(store)
    names = [("day=2024-01-01",), ("day=2024-01-02",)]
    speaks(duck, monkeypatch, "hive", {
        "DESCRIBE FORMATTED `air`.`flights`": FORMATTED,
        "SHOW PARTITIONS `air`.`flights`": names,
    })  # fmt: skip
    facts = dict(duck.run("%emr describe air.flights --engine duckdb").result)
    assert facts["table"] == "air.flights"
    assert facts["kind"] == "table, managed"
    assert facts["location"] == BASE
    assert facts["format"] == "Parquet"
    assert facts["owner"] == "ada"
    assert facts["rows"] == "12,000, by its statistics; partitions without any are not in it"
    assert re.fullmatch(r"2, the newest day=2024-01-0[12] of [-\d: ]+", facts["partitions"])
    assert facts["files"] == "2 files, 400 B, 200 B on average"
    assert facts["columns"] == "carrier string"


def test_a_view_has_its_query_and_no_files(duck, monkeypatch):
    speaks(duck, monkeypatch, "hive", {"DESCRIBE FORMATTED `v`": VIEW})
    facts = dict(duck.run("%emr describe v --engine duckdb").result)
    assert facts["kind"] == "view"
    assert facts["query"] == "select a from t"
    assert not {"rows", "files", "location"} & set(facts)
    result = duck.run("%emr ls table:v", fails=True)
    assert isinstance(result.error_in_exec, PathNotFoundError)
    assert "it is a view" in str(result.error_in_exec)


def test_rows_that_nobody_counted_are_not_made_up(duck, store, monkeypatch):
    fill(store)
    told = [r for r in FORMATTED if r[1] is None or r[1].strip() not in ("numRows", "numFiles")]
    speaks(duck, monkeypatch, "hive", {
        "DESCRIBE FORMATTED `air`.`flights`": told, "SHOW PARTITIONS `air`.`flights`": [],
    })  # fmt: skip
    facts = dict(duck.run("%emr describe air.flights --engine duckdb").result)
    assert "ANALYZE TABLE `air`.`flights` COMPUTE STATISTICS" in facts["rows"]
    assert facts["partitions"] == "none yet"


def test_of_too_many_files_the_statistics_are_told(duck, store, monkeypatch):
    fill(store)
    monkeypatch.setattr(describing, "_MOST", 1)
    speaks(duck, monkeypatch, "hive", {
        "DESCRIBE FORMATTED `air`.`flights`": FORMATTED,
        "SHOW PARTITIONS `air`.`flights`": [("day=2024-01-01",)],
    })  # fmt: skip
    facts = dict(duck.run("%emr describe air.flights --engine duckdb").result)
    assert facts["files"] == "2 files, 400 B, 200 B on average, by its statistics"
    assert facts["partitions"] == "1, the last by name day=2024-01-01"


def test_trino_tells_by_definition_statistics_and_a_file(duck, store, monkeypatch):
    fill(store)
    table = '"hive"."air"."flights"'
    file = f"{BASE}/day=2024-01-02/it%27s=1/a"
    server = speaks(duck, monkeypatch, "trino", {
        f"SHOW CREATE TABLE {table}": [(CREATE,)],
        f'SELECT "$path" FROM {table} LIMIT 1': [(file,)],
        f"SHOW STATS FOR {table}": [("carrier", 1.0, 1.0, 0.0, None), (*[None] * 4, 7.0)],
        'SELECT * FROM "hive"."air"."flights$partitions"': [("2024-01-01", 1), ("2024-01-02", 1)],
    })  # fmt: skip
    facts = dict(duck.run("%emr describe hive.air.flights --engine duckdb").result)
    assert facts["location"] == BASE
    assert facts["rows"] == "7, by its statistics"
    assert facts["format"] == "PARQUET"
    assert facts["partitions"].startswith("2, the newest day=2024-01-0")
    assert facts["files"].startswith("2 files, 400 B")
    assert not [sql for sql in server.asked if "count(" in sql]  # nothing was read


# -- table: as a path -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts", "below"),
    [
        ("table:air.flights", ("air", "flights"), ""),
        ("table:hive.air.flights/day=1/x", ("hive", "air", "flights"), "day=1/x"),
        ('table:air."a/b.c"/d', ("air", "a/b.c"), "d"),
        ("table:air.`a``b`", ("air", "a`b"), ""),
        ("table:t/", ("t",), ""),
    ],
)
def test_a_table_path_is_read(text, parts, below):
    assert TablePath.read(text) == TablePath(parts, below)


@pytest.mark.parametrize("text", ["table:", "table:/x", "table:a.b.c.d", "table:a b"])
def test_what_names_no_table_is_refused(text):
    with pytest.raises(UsageError):
        TablePath.read(text)


def test_it_is_the_tables_folder(duck, store, monkeypatch):
    fill(store)
    speaks(duck, monkeypatch, "hive", {"DESCRIBE FORMATTED `air`.`flights`": FORMATTED})
    assert len(duck.run("%emr ls -R table:air.flights").result) == 5
    (found,) = duck.run("%emr ls table:hive.air.flights/day=2024-01-02").result
    assert found.size == 300
    assert duck.run("%emr head -c 3 table:air.flights/day=2024-01-01/b").result == "xxx"
    assert duck.run("%emr preview table:air.flights").result.preview.partitions == ("day",)
    duck.shell.user_ns["t"] = "air.flights"
    assert len(duck.run("%emr ls table:{t}").result) == 3


def test_a_partition_may_lie_elsewhere(duck, store, monkeypatch):
    store.write(FilePath.parse("hdfs:///else/where/a"), [b"x"])
    moved = [(key, "hdfs:///else/where" if "Location" in key else v, w) for key, v, w in FORMATTED]
    speaks(duck, monkeypatch, "hive", {
        "DESCRIBE FORMATTED `air`.`flights` PARTITION (`day`='2024-01-02', `x`='a/b')": moved,
    })  # fmt: skip
    (found,) = duck.run("%emr ls table:air.flights/day=2024-01-02/x=a%2Fb").result
    assert str(found.path) == "hdfs:///else/where/a"


def test_a_table_that_is_not_there_is_the_engines_error(duck, monkeypatch):
    speaks(duck, monkeypatch, "hive", {})
    result = duck.run("%emr ls table:nix", fails=True)
    assert isinstance(result.error_in_exec, StatementError)


def test_without_anybody_who_knows_it_says_so(duck):
    result = duck.run("%emr ls table:air.flights", fails=True)
    assert "Nobody here knows" in str(result.error_in_exec)


def test_a_table_is_no_target_of_to(duck):
    result = duck.run("%%duckdb --to table:air.t\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    assert "INSERT INTO" in str(result.error_in_exec)
    assert not duck.database.executed


def test_its_names_and_folders_complete(duck, store, monkeypatch):
    fill(store)
    speaks(duck, monkeypatch, "hive", {"DESCRIBE FORMATTED `air`.`flights`": FORMATTED})
    duck.run("%%duckdb -q\ncreate schema air; create table air.flights (a int)")
    duck.duckdb.abilities = Abilities(dialect="duckdb")

    def complete(line):
        _, found = Completer(duck.notebook, duck.extension.emr).complete(line, len(line))
        return [text for text, _ in found]

    assert "table:" in complete("%emr ls ta")
    assert "table:air" in complete("%emr ls table:ai")
    assert complete("%emr ls table:air.fl") == ["table:air.flights"]
    duck.duckdb.abilities = Abilities(dialect="hive")
    assert complete("%emr ls table:air.flights/day=2024-01-02") == [
        "table:air.flights/day=2024-01-02/"
    ]


def test_whoever_has_a_catalog_is_asked_before_any_cell(duck, monkeypatch):
    from emr_nb.notebook.asking import engine_for

    made = duck.notebook.attachment()
    made.cluster.services = (*made.cluster.services, Service("trino", ()), Service("hive", ()))
    assert engine_for(made, "", "%emr tables", catalog=True).name == "hive"
    with pytest.raises(UsageError):
        engine_for(made, "", "%emr explain")
    assert locations._who_knows(made, start=True).name == "hive"
    assert locations._who_knows(made, start=False) is None


# -- words ----------------------------------------------------------------------------------


def test_facts_are_told_from_columns_of_their_names():
    told = told_of(FORMATTED)
    assert told["location"] == BASE
    assert told["partitioned"]
    assert (told["owner"], told["rows"], told["files"]) == ("ada", "12000", "2")
    spark = told_of([("a", "int", None), ("", "", ""), ("# Detailed Table Information", "", ""),
                     ("Type", "EXTERNAL", ""), ("Provider", "orc", ""),
                     ("Statistics", "12 bytes, 3 rows", "")])  # fmt: skip
    assert kind_of(spark) == "table, external"
    assert format_of(spark) == "ORC"
    assert spark["statistics"] == "12 bytes, 3 rows"


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        ("org.apache.hadoop.mapred.TextInputFormat", "text"),
        ("org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "ORC"),
        ("org.apache.hadoop.mapred.SequenceFileInputFormat", "SequenceFile"),
        ("com.acme.OddInputFormat", "OddInputFormat"),
        ("", ""),
    ],
)
def test_a_format_is_named_by_its_classes(classes, name):
    assert format_of({"format": classes}) == name


def test_a_definition_is_read():
    assert made_with(CREATE) == {"format": "PARQUET", "partitioned_by": "ARRAY['day','it''s']"}
    assert names_in_array("ARRAY['day','it''s']") == ["day", "it's"]
    assert made_with("CREATE TABLE t (a int)") == {}
    assert made_with("CREATE SCHEMA s WITH (\n  location = 's3://b/it''s'\n)") == {
        "location": "s3://b/it's"
    }


def test_a_partition_is_quoted():
    spec = partition_spec(["a=it's", "b`c=x%2Fy\\"], lexicon("hive"))
    assert spec == r"`a`='it\'s', `b``c`='x/y\\'"


def test_names_are_quoted_only_where_they_must_be():
    assert plainly(["air", "select", "a b", "t_1"], lexicon("hive")) == "air.`select`.`a b`.t_1"
