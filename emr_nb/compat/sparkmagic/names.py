"""Who owns `%spark`, and that the other side stays reachable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.compat.sparkmagic.magics import (
    NAME,
    PointedMagics,
    load_magics,
    loaded_magics,
)
from emr_nb.compat.sparkmagic.place import LivyPlace, place_of
from emr_nb.notebook.neighbours import Owned, runs_bare_cells

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_KINDS = ("line", "cell")
OURS_LAST = (
    "%%spark is emr_nb's now; sparkmagic's is %%sparkmagic (and %sparkmagic add …, %manage_spark)"
)
THEIRS_LAST = (
    "%%spark is sparkmagic's now; emr_nb's cells are %%pyspark and %%scala "
    "(%emr sparkmagic --spark emr_nb gives %%spark back)"
)
KERNEL = "bare cells and %%spark stay this sparkmagic kernel's; emr_nb's are %%pyspark and %%scala"


class Names:
    """The names that sparkmagic's magics have in one shell; `remove` takes ours away again."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._shell = notebook.shell
        self._pointed: PointedMagics | None = None
        self._ours: dict[tuple[str, str], Any] = {}  # what we registered, by kind and name
        self._owner = ""

    # -- state ----------------------------------------------------------------------------

    @property
    def pointed(self) -> PointedMagics | None:
        """The loaded magics of sparkmagic, or None."""
        theirs = loaded_magics(self._shell)
        if theirs is None:
            return None
        if self._pointed is None or self._pointed.theirs is not theirs:
            self._pointed = PointedMagics(theirs, self._place)
        return self._pointed

    @property
    def theirs_own_spark(self) -> bool:
        """Tell whether `%%spark` is sparkmagic's now."""
        return self._table("cell").get("spark") is self._ours.get(("cell", "spark"), self)

    def _place(self) -> LivyPlace:
        return place_of(self._notebook.attachment().cluster)

    def _table(self, kind: str) -> dict[str, Any]:
        table: dict[str, Any] = self._shell.magics_manager.magics[kind]
        return table

    # -- change ---------------------------------------------------------------------------

    def settle(self, ours: Owned) -> str:
        """Give sparkmagic's magics their lasting names; returns what has changed, in a line."""
        if runs_bare_cells(self._shell):
            return self._told("kernel", KERNEL)
        pointed = self.pointed
        if pointed is None:
            return ""
        self.register()
        if self._table("cell").get("spark") is ours.get(("cell", "spark"), self):
            return self._told("emr_nb", OURS_LAST)
        if self._has_theirs("cell") or self._has_theirs("line"):
            self.give()
            return self._told("sparkmagic", THEIRS_LAST)
        return ""

    def register(self) -> None:
        """Register `%sparkmagic` and `%%sparkmagic`; they load sparkmagic when first used."""
        for kind in _KINDS:
            if self._table(kind).get(NAME) is None:
                self._put(kind, NAME)

    def give(self) -> None:
        """Give `%spark` and `%%spark` to sparkmagic, pointed at the attached cluster."""
        for kind in _KINDS:
            self._put(kind, "spark")

    def remove(self) -> None:
        """Take our names away; where we had pointed sparkmagic's `%spark`, it is as it was."""
        pointed = self.pointed
        for (kind, name), magic in self._ours.items():
            if self._table(kind).get(name) is not magic:
                continue
            if name == "spark" and pointed is not None:
                self._table(kind)[name] = pointed.original
            else:
                del self._table(kind)[name]
        self._ours.clear()
        if pointed is not None:
            pointed.withdraw()

    # -- inside ---------------------------------------------------------------------------

    def _has_theirs(self, kind: str) -> bool:
        magic = self._table(kind).get("spark")
        pointed = self.pointed
        return pointed is not None and getattr(magic, "__self__", None) is pointed.theirs

    def _told(self, owner: str, line: str) -> str:
        changed, self._owner = self._owner != owner, owner
        return line if changed else ""

    def _put(self, kind: str, name: str) -> None:
        def magic(line: str, cell: str = "") -> Any:
            pointed = self.pointed
            if pointed is None:
                load_magics(self._shell)
                pointed = self.pointed
                assert pointed is not None, "it was loaded just now"
                if self._notebook.attached:
                    pointed.offer(self._place())
            return pointed.run(line, cell)

        sign = "%" if kind == "line" else "%%"
        magic.__doc__ = f"{sign}{name}: sparkmagic's {sign}spark on the attached cluster."
        self._ours[kind, name] = magic
        self._shell.register_magic_function(magic, kind, name)
