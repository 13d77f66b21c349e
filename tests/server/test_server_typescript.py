"""The types that TypeScript has of the routes are those of the server."""

from __future__ import annotations

from pathlib import Path

from emr_nb.server.typescript import source

SCHEMA = Path(__file__).parents[2] / "labextension" / "src" / "api" / "schema.ts"


def test_the_generated_types_are_those_of_the_routes() -> None:
    """`python -m emr_nb.server.typescript` writes them anew."""
    assert SCHEMA.read_text() == source()
