"""A pushed frame is read by its plain name, and by nothing else that is spelled so."""

import pytest

from emr_nb.engines.sql.framing import framed
from emr_nb.engines.sql.lexicon import lexicon

READ = [
    "select * from <df>",
    "select df.a, df from <df> d join <DF> on df.a = d.a where x in (select a from <df>)",
    "select a, df from t, <df>",
    "select * from (<df> join x on df.a = x.a)",
    "(select * from <df>) union (select * from <df>)",
    'select * from <"df">',
    "select cast(x as df) from <df> tablesample bernoulli (10)",
    "with a as (select 1), b as (select * from <df>) select * from b join <df> on true",
    "with df as (select * from <df> where a > 1) select * from df",
    "with recursive df(n) as (select 1 union all select n from df) select * from df",
    "with x as (with df as (select 1) select * from df) select * from x, <df>",
    "insert into df select * from <df>",
    "create table df as select * from <df>",
    "delete from df where a in (select a from <df>)",
    "merge into t using <df> on t.a = df.a when matched then delete",
    "describe <df>",
    "show columns from <df>",
    "explain select * from <df>",
]
NOT_READ = [
    "select * from s.df",
    "select df from t",
    "select df(1) from t",
    "select extract(year from df) from t",
    "select trim(both 'x' from df) from t",
    "select a is distinct from df from t",
    "select * from t cross join unnest(x) as u(a, df)",
    "select t.df from (values 1) as t(df)",
    "select 1 from t order by df, df",
    "select 'from df' /* from df */ -- from df",
    "drop table df",
]


@pytest.mark.parametrize("dialect", ["hive", "trino"])
@pytest.mark.parametrize("marked", READ)
def test_it_is_read_where_a_table_is(dialect, marked):
    if dialect == "hive" and '"' in marked:
        marked = marked.replace('"', "`")
    text = marked.replace("<", "").replace(">", "", marked.count("<")) if "> 1" not in marked else (
        marked.replace("<df>", "df")
    )  # fmt: skip
    made = framed(text, {"df": "s.view"}, lexicon(dialect))
    wanted = marked
    for spelled in ("df", "DF", '"df"', "`df`"):
        wanted = wanted.replace(f"<{spelled}>", "s.view")
    assert made.text == wanted


@pytest.mark.parametrize("text", NOT_READ)
def test_it_is_nothing_else(text):
    made = framed(text, {"df": "s.view"}, lexicon("trino"))
    assert (made.text, made.edits) == (text, ())


def test_hives_own_forms():
    for text, wanted in (
        ("from df select a", "from V select a"),
        ("select * from t lateral view explode(x) df as a, df",) * 2,
        ("insert overwrite table x select * from df", "insert overwrite table x select * from V"),
    ):
        assert framed(text, {"df": "V"}, lexicon("hive")).text == wanted


def test_places_are_told_in_the_users_text():
    made = framed("select x from df, df where y", {"df": "hive.schema.df"}, lexicon("trino"))
    assert made.text == "select x from hive.schema.df, hive.schema.df where y"
    assert made.origin(made.text.index("where")) == len("select x from df, df ")
    behind = made.behind("CREATE TABLE t AS\n")
    assert behind.origin(behind.text.index("where")) == len("select x from df, df ")
    assert behind.origin(3) == 0
