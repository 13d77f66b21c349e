"""Spark by Livy: sessions, statements and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emr_nb.engines.livy.engine import LivyEngine, LivyEngineFactory

__all__ = ["LivyEngine", "LivyEngineFactory"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from emr_nb.engines.livy import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
