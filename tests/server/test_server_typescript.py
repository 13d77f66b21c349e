"""The types that TypeScript has of the routes are those of the server."""

from __future__ import annotations

from pathlib import Path

from emr_nb.server.typescript import sources, write

SCHEMA = Path(__file__).parents[2] / "labextension" / "src" / "api" / "schema"


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_generated_types_are_those_of_the_routes() -> None:
    """`python -m emr_nb.server.typescript labextension/src/api/schema` writes them anew."""
    assert texts(SCHEMA) == sources()


def test_what_is_written_is_what_is_told_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "gone.ts").write_text("of a model that is no more")
    write(tmp_path)
    assert texts(tmp_path) == sources()
