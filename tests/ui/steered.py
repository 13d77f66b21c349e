"""A backend whose clusters and faults a test steers by a file, while the server runs.

The errors are those that the real provider makes of AWS's replies.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from emr_nb.aws.errors import CallSite, translate
from emr_nb.testing.fake_server import FakeBackend, FakeProvider, summary

_ACTIONS = {"list": "ListClusters", "list all": "ListClusters", "describe": "DescribeCluster"}


def made() -> FakeBackend:
    """Return the backend that `EMR_NB_TEST_STEERED` steers."""
    backend = FakeBackend()
    backend.provider = Steered(Path(os.environ["EMR_NB_TEST_STEERED"]))
    return backend


class Steered(FakeProvider):
    """Lists what the file says; `faults` gives for a call AWS's code and message."""

    every = 2.0  # seconds between two lists, in the place of thirty
    facts_every = 2.0

    def __init__(self, plan: Path) -> None:
        super().__init__()
        self._plan = plan

    def _take(self, call: str, calls: int = 1) -> None:
        plan: dict[str, Any] = json.loads(self._plan.read_text())
        self.listed = [summary(f"j-{name}", name, state, age=3600.0 + n)
                       for n, (name, state) in enumerate(plan["listed"])]  # fmt: skip
        ended = datetime.fromtimestamp(time.time() - 3600, UTC)
        self.ended = [
            replace(summary(f"j-{name}", name, "TERMINATED"), ended=ended, state_reason=why)
            for name, why in plan["ended"]
        ]
        kind = call if call in _ACTIONS else call.partition(" ")[0]
        self.error = None
        if fault := plan["faults"].get(kind):
            error = {"Error": {"Code": fault[0], "Message": fault[1]}}
            action = _ACTIONS[kind]
            site = CallSite(f"elasticmapreduce:{action}", "eu-west-1", profile="ops")
            self.error = translate(ClientError(error, action), site)  # type: ignore[assignment]
        super()._take(call, calls)
