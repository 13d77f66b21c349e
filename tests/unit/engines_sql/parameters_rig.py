"""SQL with its parameters placed."""

from emr_nb.engines.sql.lexicon import lexicon
from emr_nb.engines.sql.parameters import place


def put(code, dialect="duckdb", **values):
    return place(code, values, lexicon(dialect)).text
