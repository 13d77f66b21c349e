"""A websocket per page: the newest of what it watches, as it changes.

A page sends `{"watch": [topic, …]}` and gets `{"topic": …, "body": …}`: at once what there is,
then each change, or `{"topic": "alive", "body": {}}` after a silence, since a network that is
gone tells nobody. A websocket, since six event streams would use up all connections that a
browser opens to one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from emr_nb.errors import EmrError
from emr_nb.server.hub import TOPICS, encoded
from emr_nb.server.models.common import Input, Word

if TYPE_CHECKING:
    from emr_nb.server.models.common import Answer
    from emr_nb.server.state import ServerState

_GAP = 0.1  # seconds between two batches to a page: what comes meanwhile is told as the newest
_MESSAGE_BYTES = 4096
BEAT = 15.0  # seconds of silence after which a page is told that it is heard
_ALIVE = b'{"topic":"alive","body":{}}'


class Watch(Input, frozen=True, kw_only=True):
    """What a page watches from now on."""

    watch: list[Word]


class LiveHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page that listens."""

    auth_resource = "emr_nb"
    topics: frozenset[str] = frozenset()

    def initialize(self, state: ServerState) -> None:
        self.state = state
        self._pending: dict[tuple[str, str], bytes] = {}
        self._guard = threading.Lock()
        self._loop = asyncio.get_event_loop()
        self._sender: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @property
    def max_message_size(self) -> int:
        return _MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._sender = asyncio.create_task(self._send())
        self.state.hub.add(self)

    def on_close(self) -> None:
        self.state.hub.remove(self)
        if self._sender is not None:
            self._sender.cancel()
        super().on_close()

    async def on_message(self, message: str | bytes) -> None:
        """Watch what a page names; anything else ends the connection."""
        try:
            asked = msgspec.json.decode(message, type=Watch)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.close(1003, "not understood")
            return
        new = frozenset(asked.watch) & frozenset(TOPICS)
        fresh, self.topics = new - self.topics, new
        for topic in sorted(fresh):
            try:
                found = await self.state.calls.run(lambda t=topic: self.state.now(t))  # type: ignore[misc]
            except EmrError:
                continue  # its route tells the page why
            self._take_all(topic, found)

    def take(self, topic: str, key: str, message: bytes) -> None:
        """Send soon; called from any thread."""
        with self._guard:
            self._pending[topic, key] = message
        self._loop.call_soon_threadsafe(self._news.set)

    def _take_all(self, topic: str, bodies: list[tuple[str, Answer]]) -> None:
        for key, body in bodies:
            self.take(topic, key, encoded(topic, body))

    async def _send(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT)
            self._news.clear()
            with self._guard:
                pending, self._pending = self._pending, {}
            try:
                for message in pending.values() or (_ALIVE,):
                    await self.write_message(message.decode())
            except WebSocketClosedError:
                return
            await asyncio.sleep(_GAP)
