"""The extension of the Jupyter server: settings, routes, and the end of what it holds."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from traitlets import Any, Float, Int

from emr_nb.settings import EmrNb


class EmrNbApp(ExtensionApp):
    """Serves `/emr-nb/…` to JupyterLab's sidebar; `c.EmrNb` has the settings of all surfaces."""

    name = "emr_nb"
    load_other_extensions = True
    classes = [EmrNb]  # noqa: RUF012 -- as ExtensionApp declares it

    clusters_every = Float(
        30.0, help="Seconds between two lists of the clusters on AWS, while a page shows them"
    ).tag(config=True)
    upload_bytes = Int(5 * 2**30, help="Most bytes of one upload").tag(config=True)
    make_backend = Any(None, help="What makes the clusters' backend in the place of ours").tag(
        config=True
    )

    def initialize_handlers(self) -> None:
        """Make the state, which asks and begins nothing yet, and the routes."""
        from emr_nb.server.routes import handlers
        from emr_nb.server.state import ServerState

        assert self.serverapp is not None
        self.state = ServerState(
            EmrNb(parent=self).frozen(),
            Path(self.serverapp.root_dir or Path.cwd()),
            self.make_backend() if self.make_backend is not None else None,
            every=self.clusters_every,
            upload_bytes=self.upload_bytes,
        )
        self.handlers.extend(handlers(self.state))

    async def stop_extension(self) -> None:
        """Release what is held; sessions and clusters go on."""
        self.state.close()
