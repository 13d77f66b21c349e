"""Whether the server part is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.server.models.common import Health, Nothing

if TYPE_CHECKING:
    from emr_nb.server.state import ServerState

API = 1  # grows when a page needs a newer server part


def health(state: ServerState, asked: Nothing) -> Health:
    """Tell the version, which a page compares with its own."""
    del asked
    return Health(version=version(), api=API, user=state.settings.user)


def version() -> str:
    """Return the version of what is installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("emr-nb")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"
