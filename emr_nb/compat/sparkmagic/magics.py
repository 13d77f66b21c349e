"""sparkmagic's own magics in this kernel: pointed at the attached cluster, always reachable.

Called only once sparkmagic is loaded, or when the user asks for it: importing it takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from emr_nb.compat.sparkmagic import AUTH_CLASS, AUTH_NAME
from emr_nb.compat.sparkmagic.place import LivyPlace
from emr_nb.errors import MissingExtraError, NeighbourError, NotAttachedError

EXTENSION = "sparkmagic.magics"
NAME = "sparkmagic"  # %sparkmagic and %%sparkmagic
_CLASS = "RemoteSparkMagics"


def loaded_magics(shell: Any) -> Any:
    """Return sparkmagic's magics object where `%load_ext sparkmagic.magics` was run, else None."""
    return shell.magics_manager.registry.get(_CLASS)


def load_magics(shell: Any) -> Any:
    """Load sparkmagic's magics without giving them `%spark`; raises MissingExtraError."""
    table = shell.magics_manager.magics
    before = {kind: table[kind].get("spark") for kind in ("line", "cell")}
    try:
        shell.extension_manager.load_extension(EXTENSION)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"sparkmagic is not installed here: {error}",
            advice="pip install 'emr-nb[sparkmagic]'",
        ) from error
    for kind, magic in before.items():
        if magic is not None:
            table[kind]["spark"] = magic
    return loaded_magics(shell)


def completed(line: str, given: Any, url: str) -> str:
    """Add URL and authentication to a `%spark` line that needs a server and names none.

    `given` are the line's options as sparkmagic's own parser reads them. `cleanup` is never
    completed: with a URL it would end everybody's sessions on the cluster.
    """
    command = given.command[0].lower() if given.command else ""
    by_number = command in ("info", "delete") and given.id is not None and given.session is None
    if given.url is not None or not (command == "add" or by_number):
        return line
    auth = "" if given.auth or given.user or given.password else f" -t {AUTH_NAME}"
    return f"{line.rstrip()} -u {url}{auth}"


class PointedMagics:
    """sparkmagic's `%spark` with what the attached cluster adds; one per loaded magics object."""

    def __init__(self, theirs: Any, place: Callable[[], LivyPlace]) -> None:
        self.theirs = theirs
        self.original = theirs.spark
        self._place = place
        self._offered = ""

    def run(self, line: str, cell: str = "") -> Any:
        """Run `%spark` or `%%spark` as sparkmagic does."""
        parsed = _parsed(self.theirs, line)
        if parsed is not None:
            with suppress(NotAttachedError):  # then sparkmagic says itself what it misses
                line = completed(line, parsed, self._place().url)
        return self.theirs.spark(line, cell)

    def offer(self, place: LivyPlace) -> None:
        """Let sparkmagic know our authenticator, and `%manage_spark` the attached cluster."""
        try:
            conf = import_module("sparkmagic.utils.configuration")
            conf.override("authenticators", {**conf.authenticators(), AUTH_NAME: AUTH_CLASS})
            self.withdraw()
            widget = self.theirs.manage_widget
            if place.url not in widget.endpoints:
                widget.endpoints[place.url] = _endpoint(place.url)
                self._offered = place.url
                widget._refresh()
        except Exception as error:  # another package's insides may be anyhow
            raise NeighbourError(
                f"sparkmagic could not be pointed at {place.name}: {error}",
                where="%manage_spark",
                advice="emr_nb's own cells are not concerned.",
            ) from error

    def withdraw(self) -> None:
        """Take the offered cluster out of `%manage_spark` again."""
        if self._offered:
            self.theirs.manage_widget.endpoints.pop(self._offered, None)
            self._offered = ""


def _endpoint(url: str) -> Any:
    utils = import_module("sparkmagic.utils.utils")
    given = utils.Namespace(auth=AUTH_NAME, user="", password="", url=url)
    endpoint = import_module("sparkmagic.livyclientlib.endpoint").Endpoint
    return endpoint(url, utils.initialize_auth(given), implicitly_added=True)


def _parsed(theirs: Any, line: str) -> Any:
    """Return the options of a line, or None where sparkmagic will say what is wrong with it."""
    from IPython.core.error import UsageError
    from IPython.core.magic_arguments import parse_argstring

    try:
        return parse_argstring(theirs.spark, line)  # type: ignore[no-untyped-call]
    except (UsageError, ValueError):
        return None
