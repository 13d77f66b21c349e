"""Settings: traitlets at the edge, turned once into a frozen dataclass that is passed inward."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, field, fields
from pathlib import Path

from traitlets import Bool, Dict, Float, Int, Unicode
from traitlets.config import Configurable

from emr_nb.settings_file import SettingsFile


def data_home() -> Path:
    """Return our folder for the journal and the local cluster's state.

    `EMR_NB_HOME` overrides it; else `$XDG_DATA_HOME/emr_nb` or `~/.local/share/emr_nb`.
    """
    if chosen := os.environ.get("EMR_NB_HOME"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "emr_nb"


def cache_home() -> Path:
    """Return our folder for fetched parts.

    `EMR_NB_CACHE` overrides it; else `$XDG_CACHE_HOME/emr_nb` or `~/.cache/emr_nb`.
    """
    if chosen := os.environ.get("EMR_NB_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "emr_nb"


def default_user() -> str:
    """Return who we are on a cluster: the Jupyter user, else the OS user."""
    try:
        return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's uid without a passwd entry
        return f"uid{os.getuid()}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may set; times in seconds, sizes in bytes."""

    cluster: str = ""  # default target of `%emr attach`
    profile: str = ""
    region: str = ""
    role: str = ""
    endpoint_url: str = ""  # AWS endpoint override
    user: str = field(default_factory=default_user)
    shown_rows: int = 1000
    saved_rows: int = 20
    session_start_timeout: float = 600.0
    request_timeout: float = 30.0
    session_conf: dict[str, object] = field(default_factory=dict)
    keep_alive: float = 7200.0  # after a session's last statement
    keep_alive_most: float = 12 * 3600.0  # by the server, after a session's last statement
    data_home: Path = field(default_factory=data_home)
    cache_home: Path = field(default_factory=cache_home)
    history: bool = True
    keep_outputs: bool = True  # what cells show, for a page that was not there to see it
    spool: str = ""  # S3 prefix for large results and pushed data; empty: the cluster's HDFS
    push_bytes: int = 256 * 2**20  # most Parquet bytes of a frame to send through Livy itself
    session_read_bytes: int = 64 * 2**20  # most bytes of one read that a session's statements bring
    requester_pays: bool = False  # we pay for requests to S3 buckets whose owners do not
    result_bytes: int = 0  # most bytes of a result to load; 0: a quarter of free memory


class EmrNb(Configurable):
    """The traitlets face of Settings: `%config EmrNb.saved_rows = 0`, `c.EmrNb.cluster = …`.

    What is not set so comes from the file that JupyterLab's settings page keeps, if it is there.
    """

    cluster = Unicode("", help="Cluster that `%emr attach` takes when none is named").tag(
        config=True
    )
    profile = Unicode("", help="AWS profile").tag(config=True)
    region = Unicode("", help="AWS region").tag(config=True)
    role = Unicode("", help="ARN of a role to assume").tag(config=True)
    endpoint_url = Unicode("", help="AWS endpoint override").tag(config=True)
    user = Unicode("", help="Who we are on the cluster").tag(config=True)
    shown_rows = Int(1000, help="Rows of a result that the live table has").tag(config=True)
    saved_rows = Int(20, help="Rows of a result kept in the saved notebook; 0 keeps none").tag(
        config=True
    )
    session_start_timeout = Float(600.0, help="Seconds a session may take to start").tag(
        config=True
    )
    request_timeout = Float(30.0, help="Seconds one request may take").tag(config=True)
    session_conf = Dict(help="Options of new sessions, as Livy's POST /sessions takes them").tag(
        config=True
    )

    spool = Unicode(
        "", help="S3 prefix for large results and pushed data; empty: the cluster's HDFS"
    ).tag(config=True)
    push_bytes = Int(
        256 * 2**20,
        help="Most Parquet bytes of a frame to push through Livy, where no store is reached",
    ).tag(config=True)
    session_read_bytes = Int(
        64 * 2**20,
        help="Most bytes of one read of node:// and of CSE-Custom objects, which come through "
        "statements of the session",
    ).tag(config=True)
    result_bytes = Int(
        0, help="Most bytes of a result to load; 0 means a quarter of the free memory"
    ).tag(config=True)
    requester_pays = Bool(
        False, help="Pay for requests to S3 buckets that let the requester pay"
    ).tag(config=True)
    keep_outputs = Bool(
        True,
        help="Keep what a cell shows in the journal until its notebook is saved, a day at most, "
        "for a page that was closed or reloaded",
    ).tag(config=True)
    keep_alive = Float(
        7200.0, help="Seconds an idle session is kept alive after its last statement"
    ).tag(config=True)
    keep_alive_most = Float(
        12 * 3600.0,
        help="Most seconds after its last statement that the server keeps a session whose kernel "
        "is gone, however often that is extended",
    ).tag(config=True)

    def frozen(self) -> Settings:
        """Return the settings as they are now; an empty text means the default."""
        names = {f.name for f in fields(Settings)} & set(self.trait_names(config=True))
        values = {name: getattr(self, name) for name in names}
        kept = self.file.applied()
        values |= {name: value for name, value in kept.items() if not self.is_set(name)}
        return Settings(**{k: v for k, v in values.items() if v != ""})

    def is_set(self, name: str) -> bool:
        """Tell whether a setting was made in code or a configuration: the file is below that."""
        section = self.config.get(type(self).__name__, {})
        return name in section or getattr(self, name) != self.traits()[name].default()

    @property
    def file(self) -> SettingsFile:
        """What JupyterLab's settings page keeps, in the data folder that holds now."""
        folder = data_home()
        if self._file is None or self._file.path.parent != folder:
            self._file = SettingsFile(folder)
        return self._file

    _file: SettingsFile | None = None
