"""A real Jupyter server in a thread of the test, with our extension over a fake backend."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect
from traitlets.config import Config

from emr_nb.server.app import EmrNbApp
from emr_nb.server.state import ServerState
from emr_nb.settings import Settings
from emr_nb.testing.fake_server import FakeBackend

TOKEN = "t0ken" * 8
LONGEST = 30.0


@dataclass
class Reply:
    """An answer: its status, headers, and JSON where it is JSON."""

    status: int
    headers: Any
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def kind(self) -> str:
        return self.json.get("kind", "")


class ServerRig:
    """Starts the server; `get`, `post` and the rest ask it with the token unless told not to."""

    def __init__(self, home: Path, backend: Any = None, settings: dict[str, Any] | None = None):
        self.home = home
        self.root = home / "root"
        self.backend: Any = backend or FakeBackend()
        self.extra = settings or {}
        self.loop: asyncio.AbstractEventLoop
        self.app: ServerApp
        self.error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jupyter-server", daemon=True)
        self._before: dict[str, str | None] = {}

    # -- life -----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        for name in ("CONFIG", "DATA", "RUNTIME"):
            self._set(f"JUPYTER_{name}_DIR", str(self.home / name.lower()))
        self._set("EMR_NB_HOME", os.environ.get("EMR_NB_HOME") if self.extra.get("real")
                  else str(self.home / "emr"))  # fmt: skip
        self._thread.start()
        assert self._ready.wait(LONGEST)
        if self.error is not None:
            raise self.error
        self.http = httpx2.Client(base_url=self.url, timeout=LONGEST)
        assert self.state is None, "nothing is made before the first request"
        assert self.get("/health").status == 200
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LONGEST)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def reset(self) -> None:
        """Give the extension a new state over a new backend, as after a restart."""
        old = self.extension.state
        old.close()
        self.backend = FakeBackend()
        home = self.home / f"emr-{time.monotonic_ns()}"
        made = ServerState(Settings(user="ada", data_home=home), self.root, self.backend,
                           upload_bytes=self.extension.upload_bytes)  # fmt: skip
        self.extension.state = made
        for rule in self.rules():
            rule.target_kwargs["state"] = made

    def _set(self, name: str, value: str | None) -> None:
        self._before.setdefault(name, os.environ.get(name))
        if value is not None:
            os.environ[name] = value

    def _run(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self.loop = asyncio.get_event_loop()
        try:
            self.app = self._start()
        except BaseException as error:
            self.error = error
            self._ready.set()
            return
        self.loop.call_soon(self._ready.set)
        self.loop.run_forever()
        self.loop.run_until_complete(self.app._cleanup())
        ServerApp.clear_instance()
        self.loop.close()

    def _start(self) -> ServerApp:
        config = Config()
        config.ServerApp.jpserver_extensions = {"emr_nb": True}
        config.ServerApp.root_dir = str(self.root)
        config.ServerApp.allow_root = True
        config.ServerApp.open_browser = False
        config.ServerApp.ip = "127.0.0.1"
        config.ServerApp.port = 0
        config.ServerApp.log_level = "ERROR"
        config.IdentityProvider.token = TOKEN
        config.EmrNbApp.make_backend = lambda: self.backend
        ServerApp.clear_instance()
        app = ServerApp.instance(config=config)
        app.init_signal = lambda: None  # only a main thread may
        app.initialize(argv=[], new_httpserver=True, find_extensions=False)
        self.port = app.port
        return app

    # -- what it has ----------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def extension(self) -> EmrNbApp:
        return next(iter(self.app.extension_manager.extension_apps["emr_nb"]))

    @property
    def state(self) -> ServerState:
        return self.extension.state

    def rules(self) -> list[Any]:
        """Return every rule of the server's router that leads to code of ours."""
        found = []
        waiting = [*self.app.web_app.default_router.rules, *self.app.web_app.wildcard_router.rules]
        while waiting:
            rule = waiting.pop()
            inner = getattr(rule.target, "rules", None)
            if inner is not None:
                waiting += inner
            elif getattr(rule.target, "__module__", "").startswith("emr_nb."):
                found.append(rule)
        return list(dict.fromkeys(r for r in found if isinstance(r.target, type)))

    # -- asking ---------------------------------------------------------------------------

    def ask(self, method: str, path: str, *, token: bool = True, headers: Any = None,
            **more: Any) -> Reply:  # fmt: skip
        given = {**({"Authorization": f"token {TOKEN}"} if token else {}), **(headers or {})}
        self.http.cookies.clear()  # a token makes Jupyter send a login's cookie
        found = self.http.request(method, path, headers=given, **more)
        return Reply(found.status_code, found.headers, found.content)

    def get(self, path: str, /, **query: Any) -> Reply:
        return self.ask("GET", f"/emr-nb{path}", params=query)

    def post(self, path: str, /, **body: Any) -> Reply:
        return self.ask("POST", f"/emr-nb{path}", json=body)

    def wait(self, job: str) -> dict[str, Any]:
        """Return a job once it has ended."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            found = self.get(f"/jobs/{job}").json
            if found["state"] != "running":
                return found
            time.sleep(0.01)
        raise AssertionError(f"the job did not end: {found}")

    def live(self, *topics: str, headers: dict[str, str] | None = None) -> Live:
        """Open a page's websocket and watch topics."""
        made = Live(self, headers or {"Authorization": f"token {TOKEN}"})
        if topics:
            made.send({"watch": list(topics)})
        return made


@dataclass
class Live:
    """A page that listens."""

    rig: ServerRig
    headers: dict[str, str]
    got: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        url = f"{self.rig.url.replace('http', 'ws')}/emr-nb/live"
        self.socket = self._do(lambda: websocket_connect(HTTPRequest(url, headers=self.headers)))

    def send(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self._do(lambda: self.socket.write_message(text))

    def until(self, topic: str, test: Any = lambda _: True) -> dict[str, Any]:
        """Return the next body of a topic that passes a test."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            message = self._do(self.socket.read_message)
            assert message is not None, "the server closed the connection"
            found = json.loads(message)
            self.got.append(found)
            if found["topic"] == topic and test(found["body"]):
                return found["body"]
        raise AssertionError(f"no such {topic}: {self.got}")

    def ended(self) -> bool:
        return self._do(self.socket.read_message) is None

    def close(self) -> None:
        self.rig.loop.call_soon_threadsafe(self.socket.close)

    def _do(self, ask: Any) -> Any:
        async def awaited() -> Any:
            return await ask()

        return asyncio.run_coroutine_threadsafe(awaited(), self.rig.loop).result(LONGEST)


def fingerprint(rig: ServerRig) -> str:
    """Return all that a request could have changed, as text."""
    backend = rig.backend
    stores = {c: {s: sorted(f.files.items()) for s, f in a.stores.items()}
              for c, a in backend.attached.items()}  # fmt: skip
    return repr((
        backend.control.calls, stores, rig.state.journal.version(), len(rig.state.listings),
        len(rig.state.plans), [job.id for job in rig.state.jobs.all()],
        {c: (a.spark.cancels, a.spark.closed, a.spark.opened) for c, a in backend.attached.items()},
    ))  # fmt: skip


def stored(rig: ServerRig, store: Any, **files: bytes) -> Any:
    """Put a store under the cluster's HDFS."""
    rig.backend.cluster("j-1").stores[store.scheme] = store
    store.files.update({f"hdfs:///d/{name}": data for name, data in files.items()})
    return store
