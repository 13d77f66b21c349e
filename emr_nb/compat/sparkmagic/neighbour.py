"""sparkmagic as the notebook sees it: the entry point of the group `emr_nb.neighbours`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from emr_nb.compat.sparkmagic import installed
from emr_nb.compat.sparkmagic.config import SparkmagicConfig, read_config
from emr_nb.compat.sparkmagic.names import Names
from emr_nb.compat.sparkmagic.place import place_of
from emr_nb.compat.sparkmagic.record import forget_record, record_of, write_record
from emr_nb.errors import NeighbourError, ServiceNotInstalledError
from emr_nb.notebook.neighbours import Owned

if TYPE_CHECKING:
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.commands.base import Command
    from emr_nb.notebook.state import Notebook


class SparkmagicNeighbour:
    """Does nothing where sparkmagic is not installed, but to answer `%emr sparkmagic`."""

    name = "sparkmagic"

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.names = Names(notebook)

    @property
    def commands(self) -> Sequence[Command]:
        from emr_nb.compat.sparkmagic.command import COMMAND

        return (COMMAND,)

    def settle(self, ours: Owned) -> str:
        told = self.names.settle(ours)
        self._point()
        return told

    def attached(self, made: Attachment) -> list[str]:
        if not installed():
            return []
        try:
            place_of(made.cluster)
        except ServiceNotInstalledError:
            return []
        write_record(self.notebook.settings.data_home, record_of(made.cluster))
        self.names.register()
        self._point()
        sign = "%spark" if self.names.theirs_own_spark else "%sparkmagic"
        config = read_config()
        if config.kernels_point_here:
            kernels = "PySpark and Spark kernels started from now on run here too"
        else:
            kernels = "for its PySpark and Spark kernels: %emr sparkmagic"
        lines = [f"{sign} add -s NAME -l python needs no URL here · {kernels}"]
        return [*lines, *self._taken(made, config)]

    def detached(self, cluster_id: str) -> None:
        forget_record(self.notebook.settings.data_home, cluster_id)
        self._point()

    def session_defaults(self) -> Mapping[str, object]:
        if not self._honoured():
            return {}
        try:
            return read_config().session
        except NeighbourError:
            return {}  # the attach has said what is wrong with the file

    def close(self) -> None:
        self.names.remove()

    # -- inside ---------------------------------------------------------------------------

    def _honoured(self) -> bool:
        """Tell whether `config.json` counts: sparkmagic is here, or the file was attached."""
        attached = self.notebook.attached.values()
        return installed() or any(a.cluster.info.provider == "sparkmagic" for a in attached)

    def _point(self) -> None:
        """Point what is loaded of sparkmagic at the current cluster, or at none."""
        pointed = self.names.pointed
        if pointed is None:
            return
        if not self.notebook.attached:
            pointed.withdraw()
            return
        pointed.offer(place_of(self.notebook.attachment().cluster))

    def _taken(self, made: Attachment, config: SparkmagicConfig) -> list[str]:
        """Say what of `config.json` counts here."""
        taken = []
        if made.cluster.info.provider == "sparkmagic":
            taken.append("URL and credentials")
        if config.session and not self.notebook.config.session_conf:
            taken.append(f"session_configs ({', '.join(config.session)}) for new sessions")
        if not taken:
            return []
        left = f" · not followed: {', '.join(config.left_out)}" if config.left_out else ""
        return [f"from {config.path}: {'; '.join(taken)}{left}"]
