"""What `%load_ext emr_nb` registers, and takes back at `%unload_ext`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from emr_nb.notebook.cells import MAGICS, CellMagic, misplaced, run_magic
from emr_nb.notebook.emr_magic import EmrMagic, is_discarded
from emr_nb.notebook.errors import short_errors
from emr_nb.notebook.fs_magic import NAMES as FILE_MAGICS
from emr_nb.notebook.handles import Handle
from emr_nb.notebook.neighbours import Watch, runs_bare_cells
from emr_nb.notebook.plugins import Plugins
from emr_nb.notebook.state import Notebook

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_KEY = "emr_nb"  # where the shell keeps our extension; one per shell
_RESULT = ("emr_nb.results.result", "Result")


def load(shell: InteractiveShell) -> None:
    """Register the magics in a shell; loading twice changes nothing."""
    if extension_of(shell) is None:
        Extension(shell, Notebook(shell)).install()


def unload(shell: InteractiveShell) -> None:
    """Take every registration back, and end the sessions that this kernel began."""
    extension = extension_of(shell)
    if extension is not None:
        extension.remove()


def extension_of(shell: Any) -> Extension | None:
    """Return the extension that a shell has loaded."""
    found = shell.meta.get(_KEY)
    return found if isinstance(found, Extension) else None


class Extension:
    """The registrations of one shell; `remove` puts back what `install` displaced."""

    def __init__(self, shell: Any, notebook: Notebook) -> None:
        self.shell = shell
        self.notebook = notebook
        self.emr = EmrMagic(notebook)
        self._before: list[tuple[str, str, Any, Any]] = []  # kind, name, ours, theirs
        self._watch = Watch(shell, self._settle)
        self._plugins = Plugins(self._is_free, self._register_forms)
        notebook.plugins = self._plugins

    def install(self) -> None:
        """Register everything."""
        met = self._registered("cell", "spark") is not None
        self._register("line", "emr", self.emr.run)
        self._register("cell", "emr", self.emr.run_cell)
        for magic in MAGICS:
            if magic.name == "spark" and runs_bare_cells(self.shell):
                continue
            if magic.name == "sql" and self._registered("cell", "sql") is not None:
                continue  # another extension owns %%sql; %%spark -l sql is ours alone
            self._register_forms(magic)
        for name in FILE_MAGICS:
            if self._is_free(name):
                self._register("line", name, partial(self.emr.run_files, magic=name))
        if self._registered("cell", "configure") is None:  # sparkmagic's, where it is loaded
            self._register("cell", "configure", self._configure)
        self.shell.input_transformers_cleanup.append(self._misplaced)
        self.shell.display_formatter.mimebundle_formatter.for_type_by_name(
            *_RESULT, self._show_result
        )
        matcher = self._matcher()
        if matcher is not None:
            self.shell.Completer.custom_matchers.append(matcher)
        self._completion = matcher
        self.notebook.start()
        self.shell.meta[_KEY] = self
        self._watch.start()
        if met:
            self._watch.settle()

    def take(self, name: str) -> None:
        """Put our magics of that name over whatever is registered now."""
        for kind, ours in [(k, o) for k, n, o, _ in self._before if n == name]:
            self.shell.register_magic_function(ours, kind, name)
        self._watch.settle()

    def remove(self) -> None:
        """Take everything back."""
        self._watch.stop()
        self.notebook.neighbours.close()
        for kind, name, ours, theirs in reversed(self._before):
            table = self.shell.magics_manager.magics[kind]
            if table.get(name) is not ours:
                continue  # somebody registered theirs over ours
            if theirs is None:
                del table[name]
            else:
                table[name] = theirs
        self._before.clear()
        transformers = self.shell.input_transformers_cleanup
        if self._misplaced in transformers:
            transformers.remove(self._misplaced)
        formatter = self.shell.display_formatter.mimebundle_formatter
        formatter.deferred_printers.pop(_RESULT, None)
        self.notebook.forget_formatters()
        matchers = getattr(self.shell.Completer, "custom_matchers", [])
        if self._completion in matchers:
            matchers.remove(self._completion)
        self.shell.meta.pop(_KEY, None)
        self.notebook.close()

    # -- inside ---------------------------------------------------------------------------

    def _settle(self) -> None:
        ours = {(kind, name): magic for kind, name, magic, _ in self._before}
        told = self.notebook.neighbours.settle(ours)
        if told:
            self.notebook.screen.stream(f"{told}\n")

    def _is_free(self, name: str) -> bool:
        return self._registered("cell", name) is None and self._registered("line", name) is None

    def _register_forms(self, magic: CellMagic) -> None:
        self._register("cell", magic.name, self._cell_form(magic))
        self._register("line", magic.name, self._line_form(magic))

    def _registered(self, kind: str, name: str) -> Any:
        return self.shell.magics_manager.magics[kind].get(name)

    def _register(self, kind: str, name: str, function: Callable[..., Any]) -> None:
        from IPython.core.magic import no_var_expand

        def magic(line: str, cell: str | None = None) -> Any:
            return function(line) if kind == "line" else function(line, cell)

        magic.__doc__ = f"{'%' * (1 if kind == 'line' else 2)}{name}: see %emr help."
        ours = no_var_expand(magic)
        self._before.append((kind, name, ours, self._registered(kind, name)))
        self.shell.register_magic_function(ours, kind, name)

    def _cell_form(self, magic: CellMagic) -> Callable[[str, str], Any]:
        def run(line: str, cell: str) -> Any:
            made = run_magic(self.notebook, magic, line, cell)
            # a handle without a name of its own is at hand as `_`
            return made if isinstance(made, Handle) and not made.has_name else None

        return run

    def _line_form(self, magic: CellMagic) -> Callable[[str], Any]:
        def run(line: str) -> Any:
            result = run_magic(self.notebook, magic, line, None)
            if isinstance(result, Handle):
                return result  # its line is on the page already
            if result is not None and is_discarded(sys._getframe()):
                self.notebook.screen.show(self._show_result(result))
            return result

        return run

    def _configure(self, line: str, cell: str) -> None:
        from emr_nb.notebook.configure import run_configure
        from emr_nb.notebook.screen import show

        with short_errors(seen=self.notebook.saw_error):
            answer = run_configure(self.notebook, line, cell)
        show(self.notebook.screen, answer)

    def _show_result(self, result: Any, **_: Any) -> dict[str, Any]:
        from emr_nb.notebook.deliver import result_bundle

        return result_bundle(self.notebook, result)

    def _misplaced(self, lines: list[str]) -> list[str]:
        self._plugins.look_for(lines)
        with short_errors():
            misplaced(lines, self._plugins.magics)
        return lines

    # IPython asks a shell whether a cell is complete on every key: only real runs count
    _misplaced.has_side_effects = True  # type: ignore[attr-defined]

    def _matcher(self) -> Callable[..., Any] | None:
        from emr_nb.notebook.matcher import matcher

        return matcher(self.notebook, self.emr)
