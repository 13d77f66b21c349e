"""The table's rows as tornado takes them: one handler per path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.server.handlers import OperationHandler
from emr_nb.server.live import LiveHandler
from emr_nb.server.operations import PREFIX, Operation
from emr_nb.server.streams import ContentHandler
from emr_nb.server.table import OPERATIONS

if TYPE_CHECKING:
    from tornado.web import RequestHandler

    from emr_nb.server.state import ServerState

Route = tuple[str, type["RequestHandler"], dict[str, Any]]


def handlers(state: ServerState) -> list[Route]:
    """Return a handler for each path, and the websocket."""
    by_pattern: dict[str, dict[str, Operation]] = {}
    # paths of words before those with a part that would take the word for a name
    for operation in sorted(OPERATIONS, key=lambda o: "{" in o.path.rpartition("/")[2]):
        by_pattern.setdefault(operation.pattern, {})[operation.method] = operation
    made: list[Route] = [(f"{PREFIX}/live", LiveHandler, {"state": state})]
    for pattern, operations in by_pattern.items():
        streams = any(operation.streams for operation in operations.values())
        handler = ContentHandler if streams else OperationHandler
        made.append((pattern, handler, {"state": state, "operations": operations}))
    return made
