"""Other extensions beside ours: told what is attached, and asked who owns which magic.

A neighbour is found by the entry-point group `emr_nb.neighbours` and made with the Notebook as
its only argument, at the first attach or when somebody else's `%%spark` is seen: never at
`%load_ext`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from emr_nb.errors import EmrError

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.commands.base import Command
    from emr_nb.notebook.state import Notebook

N = TypeVar("N")
Owned = Mapping[tuple[str, str], Callable[..., Any]]  # our magics by kind and name


class Neighbour(Protocol):
    """Another extension; its methods may raise EmrError, which is told and stops nothing."""

    name: str

    @property
    def commands(self) -> Sequence[Command]:
        """Subcommands of `%emr`."""
        ...

    def settle(self, ours: Owned) -> str:
        """See to it that both sides' magics are reachable; returns a line to tell, or nothing."""
        ...

    def attached(self, made: Attachment) -> Iterable[str]:
        """Point the extension at the cluster that is current now; returns lines to show."""
        ...

    def detached(self, cluster_id: str) -> None:
        """Forget a cluster."""
        ...

    def session_defaults(self) -> Mapping[str, object]:
        """Return options of new sessions for a user who has set none of ours."""
        ...

    def close(self) -> None:
        """Take everything back."""
        ...


def installed_neighbours(notebook: Notebook) -> list[Neighbour]:
    """Make every neighbour that is registered, whether its package is there or not."""
    from importlib.metadata import entry_points  # loading the extension needs none

    found = sorted(entry_points(group="emr_nb.neighbours"), key=lambda e: e.name)
    return [entry.load()(notebook) for entry in found]


class Neighbours:
    """The neighbours of one notebook, made on first use; an error of one stops nothing."""

    def __init__(self, make: Callable[[], Sequence[Neighbour]]) -> None:
        self._make = make
        self._met = False

    @cached_property
    def _all(self) -> Sequence[Neighbour]:
        self._met = True
        return self._make()

    def having(self, kind: type[N]) -> list[N]:
        """Return the neighbours of a class."""
        return [one for one in self._all if isinstance(one, kind)]

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(command for one in self._all for command in one.commands)

    def settle(self, ours: Owned) -> str:
        """Return the lines that tell who owns which magic now."""
        return "\n".join(filter(None, (_told(one, lambda o: o.settle(ours)) for one in self._all)))

    def attached(self, made: Attachment) -> list[tuple[str, str]]:
        """Return the lines that an attach adds to its four."""
        lines: list[tuple[str, str]] = []
        for one in self._all:
            told = _told(one, lambda o: "\n".join(o.attached(made)))
            labels = (one.name, *("" for _ in told.splitlines()))
            lines += zip(labels, told.splitlines(), strict=False)
        return lines

    def detached(self, cluster_id: str) -> None:
        """Tell that a cluster was detached."""
        for one in self._all if self._met else ():
            with suppress(EmrError):  # the cluster is let go either way
                one.detached(cluster_id)

    def session_defaults(self) -> dict[str, object]:
        """Return the options that new sessions have by default."""
        found: dict[str, object] = {}
        for one in self._all if self._met else ():
            found |= one.session_defaults()
        return found

    def close(self) -> None:
        for one in self._all if self._met else ():
            one.close()


def _told(one: Neighbour, ask: Callable[[Neighbour], str]) -> str:
    try:
        return ask(one)
    except EmrError as error:
        return str(error).replace("\n", " ")


class Watch:
    """Sees after every cell whether `%%spark` changed hands, and lets the neighbours settle it."""

    def __init__(self, shell: Any, settle: Callable[[], None]) -> None:
        self._shell = shell
        self._settle = settle
        self._owner: Any = None

    def start(self) -> None:
        self._owner = self._now()
        self._shell.events.register("post_run_cell", self._look)

    def stop(self) -> None:
        self._shell.events.unregister("post_run_cell", self._look)

    def settle(self) -> None:
        """Settle now; what the neighbours change by that is no change of hands."""
        self._settle()
        self._owner = self._now()

    def _now(self) -> Any:
        return self._shell.magics_manager.magics["cell"].get("spark")

    def _look(self, *_: Any) -> None:
        if self._now() is not self._owner:
            self.settle()


def runs_bare_cells(shell: Any) -> bool:
    """Tell a sparkmagic kernel, which runs every bare cell as `%%spark`: that name stays its."""
    found = shell.magics_manager.registry.get("KernelMagics")  # ipykernel has a class so called
    return type(found).__module__.startswith("sparkmagic.")
