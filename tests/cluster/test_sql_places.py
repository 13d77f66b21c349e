"""Where a cell's statements run, and where its errors point: the notebook on real engines."""

from __future__ import annotations

from typing import Any

import pytest
from sql_notebook_rig import Kernel, book, hive, sql  # noqa: F401 -- fixtures


def lines_of(answer: dict[str, Any]) -> list[str]:
    return [line.rstrip() for line in answer["text"].splitlines()]


def marked(answer: dict[str, Any]) -> tuple[str, str]:
    """Return the line of the cell that an error marks, and what stands at its caret."""
    lines = lines_of(answer)
    at = next(n for n, line in enumerate(lines) if line.startswith("→ ") and "│" in line)
    text, caret = lines[at], lines[at + 1]
    assert caret.strip("│ ") == "^", lines
    return text.partition("│")[0].strip("→ "), text[caret.index("^") :]


ERRORS = [
    ("%%trino -q\nselect 1;\n\nselect nationkey\n  from tpch.tiny.nation n where", "5", ""),
    (
        "%%trino -q\n-- said first\nselect 1; select 'ü;',\n  nope from tpch.tiny.nation",
        "4",
        "nope",
    ),
    ("%%presto -q\nselect name,\n   nope from tpch.tiny.nation", "3", "nope"),
    ("%%hive -q\n-- said first\nselect 1;\nselect a,\n   b fro x y z", "5", "x y z"),
    ("%%hive -q\nselect 1;\nselect a\nfrom missing_of_live", "4", "missing_of_live"),
    ("%%hive -q\nselect 1; select\n  current_database(), nope", "3", "nope"),
]


@pytest.mark.parametrize(("cell", "line", "at"), ERRORS)
def test_an_error_points_at_line_and_column_of_the_cell(
    book: Kernel,  # noqa: F811
    cell: str,
    line: str,
    at: str,
) -> None:
    answer = book.run(cell)
    assert not answer["success"]
    found, rest = marked(answer)
    assert found == line, answer["text"]
    assert rest.startswith(at), answer["text"]
    assert "line 1:" not in answer["text"].partition("│")[0]


def test_a_cell_names_its_catalog_and_schema(book: Kernel) -> None:  # noqa: F811
    answer = book.run("%%trino --catalog tpch --schema tiny\nselect count(*) from region")
    assert answer["success"], answer["text"]
    assert "5" in answer["text"]
    answer = book.run("%%trino --schema tiny\nselect count(*) from region")
    assert not answer["success"]  # it was that cell's alone
    assert "of which catalog?" in answer["text"]
    assert "--catalog NAME" in answer["text"]
    # the session's schema is its own catalog's
    assert book.run("%%trino -q\nuse tpch.tiny")["success"]
    answer = book.run("%%trino -q --catalog hive\nselect count(*) from region")
    assert "MISSING_SCHEMA_NAME" in answer["text"]
    assert book.run("%%trino -q\nselect count(*) from region")["success"]


def test_no_page_shows_the_secret_of_a_hive_session(book: Kernel) -> None:  # noqa: F811
    texts = [book.run("%%hive -q -s other --new\nselect 1")["text"]]
    texts.append(book.run("%emr sessions --engine hive")["text"])
    found = book.run(
        "from emr_nb.journal import Journal\n"
        "import os, pathlib\n"
        "rows = Journal(pathlib.Path(os.environ['EMR_NB_HOME']) / 'journal.sqlite').sessions()\n"
        "print(*(row.session.split('.')[1] for row in rows if row.engine == 'hive'))"
    )
    secrets = found["text"].split()
    assert secrets
    assert not any(secret in text for secret in secrets for text in texts)
