"""The extension of the Jupyter server: settings, and routes that are made on first use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches, Router, Rule
from traitlets import Any, Float, Int

if TYPE_CHECKING:
    from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
    from tornado.web import Application

    from emr_nb.server.state import ServerState

PREFIX = "/emr-nb"
_RESUME_SECONDS = 5.0  # after the start, which is not to wait for it


class EmrNbApp(ExtensionApp):
    """Serves `/emr-nb/…` to JupyterLab's sidebar; `c.EmrNb` has the settings of all surfaces.

    A server that nobody asks pays for this module alone: models, handlers and state load with
    the first request.
    """

    name = "emr_nb"
    load_other_extensions = True

    clusters_every = Float(
        30.0, help="Seconds between two lists of the clusters on AWS, while a page shows them"
    ).tag(config=True)
    upload_bytes = Int(5 * 2**30, help="Most bytes of one upload").tag(config=True)
    make_backend = Any(None, help="What makes the clusters' backend in the place of ours").tag(
        config=True
    )
    state: ServerState | None = None

    def initialize_handlers(self) -> None:
        """Register one rule, in whose place the routes are put once somebody asks."""
        assert self.serverapp is not None
        web_app: Application = self.serverapp.web_app
        base = web_app.settings["base_url"]

        def add() -> None:
            from emr_nb.server.routes import handlers

            self.state = self._make_state()
            self.state.keeper.want()
            web_app.add_handlers(
                ".*$", [(url_path_join(base, r[0]), *r[1:]) for r in handlers(self.state)]
            )

        late = LateRoutes(web_app, add)
        # sessions that the user chose to keep are not to wait for a page
        self.serverapp.io_loop.call_later(_RESUME_SECONDS, self._resume, late)
        pattern = re.escape(url_path_join(base, PREFIX)) + "/.*$"
        web_app.add_handlers(".*$", [Rule(PathMatches(pattern), late)])

    def _resume(self, late: LateRoutes) -> None:
        """Go on keeping what an earlier server kept."""
        from emr_nb.journal.kept import anything_kept
        from emr_nb.settings import data_home

        if self.state is None and anything_kept(data_home() / "journal.sqlite"):
            late.begin()

    async def stop_extension(self) -> None:
        """Release what is held; sessions and clusters go on."""
        if self.state is not None:
            self.state.close()

    def _make_state(self) -> ServerState:
        from emr_nb.server.state import ServerState
        from emr_nb.settings import EmrNb

        assert self.serverapp is not None
        config = EmrNb(parent=self)
        return ServerState(
            config.frozen(),
            Path(self.serverapp.root_dir or Path.cwd()),
            self.make_backend() if self.make_backend is not None else None,
            every=self.clusters_every,
            upload_bytes=self.upload_bytes,
            config=config,
        )


class LateRoutes(Router):
    """Adds the real rules at the first request below it, and stands aside from then on."""

    SUPPORTED_METHODS = ()  # Jupyter checks each handler's; the real ones are when they come

    def __init__(self, application: Application, add: Callable[[], None]) -> None:
        self._application = application
        self._add: Callable[[], None] | None = add

    def find_handler(self, request: HTTPServerRequest, **_: object) -> HTTPMessageDelegate | None:
        return self._application.find_handler(request) if self.begin() else None

    def begin(self) -> bool:
        """Add the rules; False where they have been."""
        add, self._add = self._add, None
        if add is not None:
            add()
        return add is not None
