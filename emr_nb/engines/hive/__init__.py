"""Hive by HiveServer2: sessions, statements and their results over its Thrift protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emr_nb.engines.hive.engine import HiveEngine, HiveEngineFactory

__all__ = ["HiveEngine", "HiveEngineFactory"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from emr_nb.engines.hive import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
