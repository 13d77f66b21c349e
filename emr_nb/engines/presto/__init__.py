"""Presto and Trino by their statement protocol, which is one but for the names of its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emr_nb.engines.presto.engine import (
        PrestoEngine,
        PrestoEngineFactory,
        TrinoEngineFactory,
    )

__all__ = ["PrestoEngine", "PrestoEngineFactory", "TrinoEngineFactory"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from emr_nb.engines.presto import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
