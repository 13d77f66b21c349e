"""The server: moto's applications behind a guard that answers every error as AWS does."""

from __future__ import annotations

import json
import logging
import re
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from emr_nb.local.aws_server.model import Delays, World

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_KEY = re.compile(r"Credential=([^/,\s]+)/")
_PATH = "{0}/$"


class QuietHandler(MotoRequestHandler):
    """Moto's request handler without a line per request."""

    protocol_version = "HTTP/1.1"  # keep-alive

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing; errors are logged by the guard."""


class AwsServer:
    """The AWS APIs on 127.0.0.1; `port` 0 takes a free one. Usable in process by tests."""

    def __init__(self, port: int = 0, delays: Delays | None = None) -> None:
        self.world = World(delays or Delays())
        self.expired_keys: set[str] = set()
        guarded = Guard(DomainDispatcherApplication(self._application), self.expired_keys)
        self._server = make_server(HOST, port, guarded, True, request_handler=QuietHandler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def expire(self, access_key: str) -> None:
        """Answer requests signed with this key as AWS does when credentials have expired."""
        self.expired_keys.add(access_key)

    def start(self) -> Self:
        """Serve on a thread."""
        self._thread = threading.Thread(target=self.serve, name="aws-server", daemon=True)
        self._thread.start()
        return self

    def serve(self) -> None:
        """Serve until `stop`."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Stop serving and close the port."""
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _application(self, service: Any) -> Any:
        """Build moto's application of one service; for two of them with our actions inside."""
        if service == "emr":
            from moto.emr import urls

            from emr_nb.local.aws_server.emr import EmrService

            return _with_path(urls.url_paths, _bound(EmrService, self.world), service)
        if service == "resourcegroupstaggingapi":
            from moto.resourcegroupstaggingapi import urls as tag_urls

            from emr_nb.local.aws_server.tagging import TaggingActions

            return _with_path(tag_urls.url_paths, _bound(TaggingActions, self.world), service)
        return create_backend_app(service)


def _bound(actions: type[Any], world: World) -> Callable[..., Any]:
    """Return the entry of a class of actions that knows this server's clusters."""
    bound: Any = type(actions.__name__, (actions,), {"world": world})
    dispatch: Callable[..., Any] = bound.dispatch
    return dispatch


def _with_path(paths: dict[str, Any], dispatch: Callable[..., Any], service: Any) -> Any:
    """Build a service's application with its one path leading to `dispatch`.

    The dispatcher holds its lock while it builds, and moto's own table is put back.
    """
    theirs = paths[_PATH]
    paths[_PATH] = dispatch
    try:
        return create_backend_app(service)
    finally:
        paths[_PATH] = theirs


class Guard:
    """Answers for moto where it would send an HTML page: an unknown action, a crash."""

    def __init__(self, application: Any, expired_keys: set[str]) -> None:
        self._application = application
        self._expired = expired_keys

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        key = _KEY.search(environ.get("HTTP_AUTHORIZATION", ""))
        if key is not None and key[1] in self._expired:
            _drain(environ)
            text = "The security token included in the request is expired"
            return _error(environ, start_response, "400 Bad Request", "ExpiredToken", text)
        try:
            reply: Iterable[bytes] = self._application(environ, start_response)
        except NotImplementedError as error:
            text = f"{error or 'This action'}: not implemented on the local cluster"
            return _error(environ, start_response, "400 Bad Request", "NotImplemented", text)
        except Exception as error:
            log.exception("request failed: %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            text = f"{type(error).__name__}: {error}"
            return _error(
                environ, start_response, "500 Internal Server Error", "InternalFailure", text
            )
        else:
            return reply


def _drain(environ: WSGIEnvironment) -> None:
    """Read the body away, so that the connection can be kept."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (read := environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(read)


def _error(
    environ: WSGIEnvironment, start_response: StartResponse, status: str, code: str, text: str
) -> Iterable[bytes]:
    """Answer an error in the protocol of the request: JSON or XML."""
    request_id = str(uuid.uuid4())
    if "json" in environ.get("CONTENT_TYPE", "") or "HTTP_X_AMZ_TARGET" in environ:
        spelled = f"{code}Exception" if code == "ExpiredToken" else code
        kind = environ.get("CONTENT_TYPE") or "application/x-amz-json-1.1"
        body = json.dumps({"__type": spelled, "message": text}).encode()
    else:
        kind = "application/xml"
        body = _xml(code, text, request_id, bare=_is_s3(environ)).encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", request_id),
    ]
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _is_s3(environ: WSGIEnvironment) -> bool:
    return "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")


def _xml(code: str, text: str, request_id: str, *, bare: bool) -> str:
    from xml.sax.saxutils import escape

    inner = f"<Code>{code}</Code><Message>{escape(text)}</Message>"
    if bare:
        return f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    return (
        f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
