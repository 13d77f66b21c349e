import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # servers.py

from servers import Server

from emr_nb.model import Endpoint
from emr_nb.transport.base import Auth
from emr_nb.transport.http import HttpxClient

Connect = Callable[..., HttpxClient]


@pytest.fixture
def client() -> Iterator[Connect]:
    """Makes clients of a test server or port, and closes them."""
    made: list[HttpxClient] = []

    def connect(server: Server | int, auth: Auth | None = None, **options: Any) -> HttpxClient:
        port = server if isinstance(server, int) else server.port
        options.setdefault("timeout", 5.0)
        made.append(HttpxClient(Endpoint("test", "127.0.0.1", port), auth=auth, **options))
        return made[-1]

    yield connect
    for http in made:
        http.close()
