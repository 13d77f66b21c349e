"""emr_nb makes any Jupyter notebook a first-class client of Amazon EMR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from emr_nb.cluster import AttachedCluster, attach
    from emr_nb.errors import EmrError
    from emr_nb.results.result import Result

__all__ = ["AttachedCluster", "EmrError", "Result", "attach", "load_ipython_extension"]

# PEP 562: `import emr_nb` stays cheap, heavy names load on first use.
_LAZY = {
    "AttachedCluster": "emr_nb.cluster",
    "EmrError": "emr_nb.errors",
    "Result": "emr_nb.results.result",
    "attach": "emr_nb.cluster",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: called by `%load_ext emr_nb`."""
    from emr_nb.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magics again and end what this kernel began."""
    from emr_nb.notebook.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "_labextension", "dest": "emr-nb"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from emr_nb.server.app import EmrNbApp

    return [{"module": "emr_nb.server.app", "app": EmrNbApp}]
