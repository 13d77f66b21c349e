"""How the SQL dialects spell strings, names and comments: what a lexer must know of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One dialect's lexical rules, as its own grammar has them.

    `strings` and `names` are the quotes of texts and of identifiers; a doubled quote stands
    for itself. With `backslash` texts have escapes by backslash too, with `raw` there are
    r'…' without them and with `escaped` e'…' with them. `nested` says that comments nest,
    `carried` that a backslash at its end carries a line comment on. `dollar` is `""`, `"$$"`
    or `"tag"` ($tag$…$tag$). `scripts` are the words that begin a statement which may hold
    others between BEGIN and END. `variables` says that the server replaces ${…} anywhere.
    """

    dialect: str
    strings: str = "'"
    names: str = '"'
    backslash: bool = False
    raw: bool = False
    escaped: bool = False
    nested: bool = False
    carried: bool = False
    dollar: str = ""
    scripts: tuple[str, ...] = ()
    variables: bool = False


# Hive 3.1's HiveLexer, Spark's SqlBaseLexer.g4, Trino's SqlBase.g4, DuckDB's parser
_HIVE = Lexicon("hive", "'\"", "`", backslash=True, nested=True, variables=True)
_SPARK = Lexicon(
    *("spark", "'\"", "`"),
    backslash=True,
    raw=True,
    nested=True,
    carried=True,
    scripts=("BEGIN",),
    variables=True,
)
_TRINO = Lexicon("trino", "'", '"`', dollar="$$", scripts=("CREATE", "WITH", "EXPLAIN"))
_PRESTO = Lexicon("presto", "'", '"`')
_DUCKDB = Lexicon("duckdb", "'", '"', escaped=True, nested=True, dollar="tag")
ANSI = Lexicon("ansi")

_LEXICONS = {item.dialect: item for item in (_HIVE, _SPARK, _TRINO, _PRESTO, _DUCKDB, ANSI)}


def lexicon(dialect: str) -> Lexicon:
    """Return the rules of a dialect by its name; the standard's for one that is not known."""
    return _LEXICONS.get(dialect, ANSI)
