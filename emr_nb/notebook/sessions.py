"""The sessions of one kernel on one cluster: found by name, opened once, ended if begun here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from emr_nb.engines.waits import interruptible
from emr_nb.errors import EmrError, SessionNotFoundError, StatementCancelledError

if TYPE_CHECKING:
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.engines.base import Engine, Session
    from emr_nb.files.base import FileSystem
    from emr_nb.model import Cluster, Event, FilePath, Service, SessionInfo, SessionOptions
    from emr_nb.settings import Settings

_TICK = 0.25  # seconds between two looks at a session that is starting
DEAD_STATES = frozenset({"dead", "error", "killed", "shutting_down", "success"})


class Attached(Protocol):
    """What the notebook asks of an attached cluster (emr_nb.cluster.AttachedCluster)."""

    info: Cluster
    name: str
    services: tuple[Service, ...]
    user: str

    @property
    def files(self) -> ClusterFiles: ...
    def engine(self, name: str = "spark") -> Engine: ...
    def filesystem(self, path: FilePath) -> FileSystem: ...
    def path(self, text: str) -> FilePath: ...
    def close(self, *, end_sessions: bool = True) -> None: ...


class _Opening:
    """A session being opened on a thread of its own.

    So an interrupt leaves the wait and not the session: the next cell joins it.
    """

    def __init__(self, engine: Engine, options: SessionOptions) -> None:
        self.session: Session | None = None
        self.said = ""  # what the engine told last of a session that is starting
        self.error: BaseException | None = None
        self._engine = engine
        self._options = options
        self._done = threading.Event()
        threading.Thread(target=self._open, name="emr_nb-open-session", daemon=True).start()

    def _open(self) -> None:
        try:
            self.session = self._engine.open(self._options, self._told)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error
        finally:
            self._done.set()

    def _told(self, event: Event) -> None:
        self.said = getattr(event, "detail", "") or self.said

    def wait(self, tick: Callable[[str], None]) -> Session:
        with interruptible():
            while not self._done.wait(_TICK):
                tick(self.said)
        if self.error is not None:
            raise self.error
        assert self.session is not None
        return self.session


@dataclass
class Sessions:
    """The open sessions of one attached cluster; `get` may be called from any thread."""

    cluster: Attached
    base_name: str
    settings: Callable[[], Settings]
    current: str = ""
    found: SessionInfo | None = None
    engine_name: str = "spark"
    living: tuple[SessionInfo, ...] = ()  # on the server at the last look
    _looked: bool = False
    _open: dict[str, Session] = field(default_factory=dict)
    _opening: dict[str, _Opening] = field(default_factory=dict)
    _began: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # never held while waiting

    def look(self, *, fresh: bool = False) -> None:
        """Choose the session's name: that of a living one of this notebook, or a new one."""
        infos = self.cluster.engine(self.engine_name).sessions()
        self._looked = True
        self.living = tuple(i for i in infos if i.state not in DEAD_STATES)
        mine = [
            i for i in infos if i.name.startswith(self.base_name) and i.state not in DEAD_STATES
        ]
        self.found = None if fresh or not mine else max(mine, key=lambda i: i.id.zfill(12))
        taken = {i.name for i in infos}
        self.current = self.found.name if self.found else self.base_name
        if self.found is None and (fresh or self.current in taken):
            self.current = f"{self.base_name}-{os.urandom(2).hex()}"

    def look_once(self, *, fresh: bool = False) -> None:
        """Look, unless that has been done; raises TransportError."""
        if not self._looked:
            self.look(fresh=fresh)

    @property
    def name(self) -> str:
        return self.current or self.base_name

    def is_open(self, name: str = "") -> bool:
        """Tell whether a session is at hand without waiting."""
        return self.opened(name) is not None

    def opened(self, name: str = "") -> Session | None:
        """Return a session that is open already, by its name, its id or the short form of it."""
        return self._open.get(self._key(name))

    def get(
        self,
        name: str = "",
        *,
        new: bool = False,
        language: str = "",
        tick: Callable[[str], None] = lambda _: None,
    ) -> Session:
        """Return a session, opening it on first use; `tick` is told how it starts.

        Raises SessionNotFoundError for a name that nobody has, SessionStartError.
        """
        wanted = name or self.name
        if name and not new and (known := self.opened(name)) is not None:
            return known
        with self._lock:  # cells beside the notebook ask at the same time
            if wanted in self._open:
                return self._open[wanted]
            if wanted not in self._opening:
                self._opening[wanted] = self._begin(wanted, language, create=new or not name)
            opening = self._opening[wanted]
        try:
            session = opening.wait(tick)
        except (KeyboardInterrupt, StatementCancelledError):
            raise  # the wait is given up, not the session: the next cell joins it
        except SessionNotFoundError:
            with self._lock:
                self._opening.pop(wanted, None)
            if (its_name := self._name_of(wanted)) is None:
                raise
            return self.get(its_name, language=language, tick=tick)
        except BaseException:
            with self._lock:
                self._opening.pop(wanted, None)
            raise
        with self._lock:
            if self._opening.pop(wanted, None) is opening:
                self._open[wanted] = session
                if new or not name:
                    self._began.add(wanted)
        return session

    def _begin(self, wanted: str, language: str, *, create: bool) -> _Opening:
        from emr_nb.model import SessionOptions

        settings, spark = self.settings(), self.engine_name == "spark"
        options = SessionOptions(
            name=wanted,
            language=language or ("python" if spark else "sql"),
            conf=settings.session_conf if spark else {},  # those are options of Livy
            create=create,
            start_timeout=settings.session_start_timeout,
        )
        return _Opening(self.cluster.engine(self.engine_name), options)

    def forget(self, name: str = "") -> None:
        """Let go of a session that is lost; the next cell opens a new one under a new name."""
        wanted = self._key(name)
        self._open.pop(wanted, None)
        self._began.discard(wanted)
        if wanted == self.name:
            self.found = None
            self.current = f"{self.base_name}-{os.urandom(2).hex()}"

    def stop(self, name: str = "") -> str:
        """End a session on the cluster, ours or another one by name or id; returns its name."""
        wanted = name or self.name
        wanted = self._key(wanted)
        session = self._open.get(wanted)
        if session is None:
            from emr_nb.model import SessionOptions

            info = self._info(wanted)
            options = SessionOptions(name=info.name, create=False)
            session = self.cluster.engine(self.engine_name).open(options)
            wanted = info.name
        session.close()
        self.forget(wanted)
        return wanted

    def _key(self, name: str) -> str:
        """Return the name of the open session that is meant; a word that means none is a name."""
        word = name or self.name
        if word in self._open:
            return word
        return next((k for k, s in list(self._open.items()) if s.info.called(word)), word)

    def _name_of(self, word: str) -> str | None:
        """Return the name of the session on the server that has this id, or its short form."""
        infos = self.cluster.engine(self.engine_name).sessions()
        return next((i.name for i in infos if i.called(word) and i.name not in ("", word)), None)

    def _info(self, wanted: str) -> SessionInfo:
        infos = self.cluster.engine(self.engine_name).sessions()
        for info in infos:
            if info.called(wanted):
                return info
        raise SessionNotFoundError(
            f"No session is called {wanted!r}",
            where=self.cluster.name,
            advice=f"There are: {', '.join(_labels(infos)) or 'none'}. %emr sessions lists them.",
        )

    def adopt(self, older: Sessions) -> None:
        """Take over what an older attachment of the same cluster began."""
        self._began |= older._began
        older._began = set()

    def end_begun(self) -> list[str]:
        """End the sessions that this kernel began; errors do not stop the others' end."""
        ended = []
        for name in sorted(self._began):
            try:
                ended.append(self.stop(name))
            except EmrError:
                continue  # the server's idle limit ends it; nobody is left to tell
        self._began.clear()
        return ended


def _labels(infos: Sequence[SessionInfo]) -> list[str]:
    return [i.name or i.label for i in infos]
