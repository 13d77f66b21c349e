"""The Notebook: what one kernel has attached, owned by the extension, one per shell."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.errors import EmrError, NotAttachedError, UsageError
from emr_nb.notebook.accounts import KeptAccounts
from emr_nb.notebook.answers import bundle
from emr_nb.notebook.attachment import SPARK, Attachment
from emr_nb.notebook.backend import Backend, real_backend
from emr_nb.notebook.errors import whole
from emr_nb.notebook.grid import ResultStore, serve, stop_serving
from emr_nb.notebook.handles import Handles
from emr_nb.notebook.keeping import KeepAlive
from emr_nb.notebook.neighbours import Neighbour, Neighbours, installed_neighbours
from emr_nb.notebook.options import nearest
from emr_nb.notebook.past import PastSession, cells_of, ended_session, past_session
from emr_nb.notebook.places import Place, find_place
from emr_nb.notebook.recovery import Recovery
from emr_nb.notebook.screen import Screen, ShellScreen
from emr_nb.notebook.sessions import Attached, Sessions
from emr_nb.notebook.standing import Standing
from emr_nb.notebook.waiting import show_waits
from emr_nb.settings import EmrNb, Settings

if TYPE_CHECKING:
    from emr_nb.journal import Journal, StatementRow
    from emr_nb.notebook.browser.serving import Browsers
    from emr_nb.notebook.cells import CellMagic
    from emr_nb.notebook.plugins import Plugins


_EXIT_SECONDS = 4.0
_ENDED = "The session was ended while the statement ran"


class Notebook:
    """The attached clusters, settings, journal and kept results of one shell."""

    def __init__(
        self,
        shell: Any,
        *,
        backend: Callable[[], Backend] = real_backend,
        screen: Screen | None = None,
        place: Place | None = None,
        neighbours: Callable[[Notebook], Sequence[Neighbour]] = installed_neighbours,
    ) -> None:
        self.shell = shell
        self.config = EmrNb(parent=shell)
        self.screen: Screen = screen or ShellScreen(shell)
        self.results = ResultStore()
        self.accounts = KeptAccounts()  # what ended statements took
        self.handles = Handles()  # of cells with --async
        self.standing = Standing(self)
        self._browsers: Browsers | None = None
        self.closing = False  # whoever runs beside the notebook shows nothing any more
        self.last_error: tuple[str, ...] = ()
        self.plugins: Plugins | None = None  # magics of engines that others have written
        self.known_clusters: tuple[str, ...] = ()  # for completion, from the last listing
        self._formatted: set[type] = set()
        self.hinted: set[str] = set()  # hints that are given once
        self.configured: dict[str, object] = {}  # options of the next session
        self.place = place or find_place(shell.user_ns)
        self.attached: dict[str, Attachment] = {}
        self.current = ""
        self.neighbours = Neighbours(lambda: neighbours(self))
        self._backend = backend
        self._journal: Journal | None = None

    # -- what it has ----------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings as they are now: `%config EmrNb…` takes effect at once."""
        now = self.config.frozen()
        defaults = {} if now.session_conf else self.neighbours.session_defaults()
        return replace(now, session_conf=defaults) if defaults else now

    @property
    def session_settings(self) -> Settings:
        """The settings of the next session: what `%%configure` gave stands above the rest."""
        now = self.settings
        conf = {**now.session_conf, **self.configured}
        nested = [c["conf"] for c in (now.session_conf, self.configured) if "conf" in c]
        if nested:
            conf["conf"] = {k: v for part in nested for k, v in dict(part).items()}  # type: ignore[call-overload]
        return replace(now, session_conf=conf)

    @property
    def backend(self) -> Backend:
        return self._backend()

    @property
    def browsers(self) -> Browsers:
        """The file browsers on the page."""
        if self._browsers is None:
            from emr_nb.notebook.browser.serving import Browsers

            self._browsers = Browsers()
        return self._browsers

    @property
    def journal(self) -> Journal:
        if self._journal is None:
            from emr_nb.journal import Journal

            self._journal = Journal(self.settings.data_home / "journal.sqlite")
        return self._journal

    def attachment(self, name: str = "") -> Attachment:
        """Return an attached cluster, the current one by default; raises NotAttachedError."""
        if not self.attached:
            raise NotAttachedError(
                "No cluster is attached",
                advice="Write %emr attach local for a local cluster, %emr clusters to see yours.",
            )
        wanted = name or self.current
        if wanted in self.attached:
            return self.attached[wanted]
        by_id = [a for a in self.attached.values() if a.cluster.info.id == wanted]
        if by_id:
            return by_id[0]
        if any(wanted in magic.engines for magic in self.magics):
            raise NotAttachedError(
                f"{wanted!r} is an engine, and --on names an attached cluster",
                where=", ".join(self.attached),
                advice=f"A cell that begins with %%{wanted} runs there; "
                f"commands such as %emr tables take --engine {wanted}.",
            )
        near = nearest(wanted, tuple(self.attached))
        raise NotAttachedError(
            f"{wanted!r} is not attached",
            where=", ".join(self.attached),
            advice=f"Did you mean {near}?" if near else f"Write %emr attach {wanted}.",
        )

    def saw_error(self, error: EmrError) -> None:
        """Keep an error in full for `%emr logs --error`."""
        self.last_error = whole(error)

    def shown_form(self, answer: Any) -> Any:
        """Return what shows for an answer: for an attached cluster its lines."""
        for made in self.attached.values():
            if made.cluster is answer and made.facts is not None:
                return made.facts
        return answer

    def show_as_facts(self, kind: type) -> None:
        """Make attached clusters of this class show as their lines."""
        formatter = self.shell.display_formatter.mimebundle_formatter
        formatter.for_type(kind, lambda value, **_: bundle(self.shown_form(value)))
        self._formatted.add(kind)

    def forget_formatters(self) -> None:
        """Take the displays of `show_as_facts` back."""
        formatter = self.shell.display_formatter.mimebundle_formatter
        for kind in self._formatted:
            formatter.type_printers.pop(kind, None)
        self._formatted.clear()

    @property
    def magics(self) -> tuple[CellMagic, ...]:
        """The cell magics that are known now."""
        from emr_nb.notebook.cells import MAGICS

        return (*MAGICS, *(self.plugins.magics.values() if self.plugins else ()))

    # -- attach and detach ----------------------------------------------------------------

    def attach(
        self,
        target: str,
        *,
        name: str = "",
        user: str = "",
        fresh: bool = False,
        notify: Callable[[str], None] = lambda _: None,
        profile: str = "",
        region: str = "",
        role: str = "",
    ) -> Attachment:
        """Attach a cluster and make it current; an empty text leaves a setting as it is."""
        now = self.settings
        settings = replace(
            now,
            profile=profile or now.profile,
            region=region or now.region,
            role=role or now.role,
        )
        cluster = self.backend.attach(
            target, settings=settings, journal=self.journal, notify=notify, user=user, name=name
        )
        show_waits(cluster, self.screen)
        base = self.place.session_name(cluster.user)
        made = self._attachment(cluster, base)
        old = self.attached.pop(cluster.name, None)
        if old is not None and old.cluster is not cluster:
            if old.cluster.info.id != cluster.info.id:
                self.attached[old.name] = old
                cluster.close(end_sessions=False)
                raise UsageError(
                    f"{cluster.name!r} is attached already, to {old.cluster.info.id}",
                    advice="Give this one a name of its own: --name ALIAS",
                )
            made.take_over(old)
            old.cluster.close(end_sessions=False)
        self.attached[cluster.name] = made
        self.current = cluster.name
        if self.plugins is not None:
            self.plugins.look()
        made.fresh = fresh or self.place.headless
        if made.has_spark:
            try:
                made.sessions.look(fresh=made.fresh)
                if not made.fresh:
                    self._look_back(made)
            except EmrError as error:  # HDFS and S3 work without Livy; its cells will tell more
                made.problem = str(error).partition("\n")[0]
        if not made.fresh:
            self._look_back_beside(made)
        return made

    def _attachment(self, cluster: Attached, base: str) -> Attachment:
        recovery = Recovery(lambda: self.journal, cluster.info.id, self.place.path)
        sessions = Sessions(cluster, base, lambda: self.session_settings)
        keep_alive = lambda: self.settings.keep_alive  # noqa: E731
        return Attachment(cluster, sessions, recovery, KeepAlive(keep_alive), keep_alive)

    def _look_back(self, made: Attachment) -> None:
        """See what an earlier kernel of this notebook left: statements, a session that ended."""
        if made.sessions.found is None:
            made.lost = ended_session(
                self.journal, made.cluster.info.id, made.sessions.base_name, made.sessions.living
            )
        made.recovery.look(made.cluster.engine(SPARK))

    def _look_back_beside(self, made: Attachment) -> None:
        """See what an earlier kernel left on the other engines."""
        for name in made.recovery.engines_left():
            if name != SPARK:
                with suppress(EmrError):  # it is missed by its own cells, not by the attach
                    made.recovery.look(made.cluster.engine(name))

    def lose(self, made: Attachment, name: str = "", engine: str = SPARK) -> list[StatementRow]:
        """Let go of a session that is lost; returns the cells that it had run, oldest first."""
        used = made.of(engine)
        wanted = name or used.sessions.name
        session = used.sessions.opened(wanted)
        gone = past_session(self.journal, made.cluster.info.id, session.info) if session else None
        if gone is not None and wanted == used.sessions.name and engine == SPARK:
            made.lost = gone
        used.keeping.forget(wanted)
        used.sessions.forget(wanted)
        return self.cells_of(made, [gone], engine) if gone else []

    def cells_of(
        self, made: Attachment, sessions: list[PastSession], engine: str = SPARK
    ) -> list[StatementRow]:
        """Return the cells of this notebook that ran in these sessions of an engine."""
        return cells_of(self.journal, made.cluster.info.id, self.place.path, sessions, engine)

    def detach(self, name: str = "") -> list[str]:
        """Detach a cluster; ends the sessions begun here and returns their names."""
        gone = self.attachment(name)
        gone.keep_nothing()
        ended = self._end_begun(gone)
        del self.attached[gone.name]
        if self.current == gone.name:
            self.current = next(reversed(self.attached), "")
        gone.cluster.close(end_sessions=False)
        self.neighbours.detached(gone.cluster.info.id)
        return ended

    def use(self, name: str) -> Attachment:
        """Make an attached cluster the current one."""
        chosen = self.attachment(name)
        self.current = chosen.name
        return chosen

    # -- life -----------------------------------------------------------------------------

    @property
    def _kernel(self) -> Any:
        kernel = getattr(self.shell, "kernel", None)
        return kernel if hasattr(kernel, "comm_manager") else None

    def start(self) -> None:
        """Begin to serve live tables and to end our sessions at a clean shutdown."""
        if (kernel := self._kernel) is not None:
            serve(kernel, self.results)
            self.standing.serve(kernel)
        self.shell.configurables.append(self.config)
        atexit.register(self._at_exit)

    def close(self, *, end_sessions: bool = True) -> None:
        """Detach everything and take all registrations back."""
        atexit.unregister(self._at_exit)
        self.closing = True
        if (kernel := self._kernel) is not None:
            stop_serving(kernel)
            self.standing.close(kernel)
        if self._browsers is not None:
            self._browsers.close()
        if self.config in self.shell.configurables:
            self.shell.configurables.remove(self.config)
        for attachment in self.attached.values():
            attachment.keep_nothing()
            if end_sessions:
                self._end_begun(attachment)
            attachment.cluster.close(end_sessions=False)
        self.attached.clear()
        self.results.clear()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _end_begun(self, attachment: Attachment) -> list[str]:
        """End the sessions begun here; the rows of what still ran in them say so."""
        ended = attachment.end_begun()
        for handle in self.handles.all():
            if handle.session in ended and not handle.done():
                with suppress(EmrError):
                    self.journal.update(handle.tags[-1], state="lost", error=_ENDED)
        return ended

    def _at_exit(self) -> None:
        """End what this kernel began, while its server waits: 5 s, then it kills the kernel.

        A server ends a session that it was asked to end, also when nobody awaits its reply.
        """
        if shutdown_is_clean(self.shell):
            self.closing = True
            ends = [
                threading.Thread(target=self._end_begun, args=(a,), name="emr_nb-end", daemon=True)
                for a in self.attached.values()
            ]
            for thread in ends:
                thread.start()
            until = time.monotonic() + _EXIT_SECONDS
            for thread in ends:
                thread.join(max(0.0, until - time.monotonic()))
        try:
            self.close(end_sessions=False)
        except EmrError:
            return  # the process ends; the server's idle limit ends what is left


def shutdown_is_clean(shell: Any) -> bool:
    """Tell a shutdown from a restart: only the first ends what this kernel began.

    A Jupyter kernel that ends was told why in the shutdown request; one that was told
    nothing lost its server, and its sessions stay for whoever comes back.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return True
    message = getattr(kernel, "_shutdown_message", None) or {}
    content = message.get("content", {})
    return bool(content) and not content.get("restart", False)
