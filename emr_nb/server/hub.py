"""What is told to open pages: the newest of each thing, to whoever watches its topic."""

from __future__ import annotations

import threading
from typing import Protocol

import msgspec

from emr_nb.server.models.common import Answer

TOPICS = ("clusters", "local", "jobs", "listings", "statements", "runs")


class Subscriber(Protocol):
    """A page that listens; called from any thread, never waits."""

    topics: frozenset[str]

    def take(self, topic: str, key: str, message: bytes) -> None:
        """Send a message soon; it stands in for an earlier one of the same topic and key."""
        ...


class Hub:
    """The pages that listen; what nobody watches is not even encoded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: list[Subscriber] = []

    def add(self, page: Subscriber) -> None:
        """Tell it from now on."""
        with self._lock:
            self._pages.append(page)

    def remove(self, page: Subscriber) -> None:
        """Tell it nothing more."""
        with self._lock:
            self._pages = [p for p in self._pages if p is not page]

    def watched(self, topic: str) -> bool:
        """Tell whether any page watches a topic."""
        with self._lock:
            return any(topic in page.topics for page in self._pages)

    def publish(self, topic: str, key: str, body: Answer) -> None:
        """Tell all who watch."""
        with self._lock:
            pages = [page for page in self._pages if topic in page.topics]
        if not pages:
            return
        message = encoded(topic, body)
        for page in pages:
            page.take(topic, key, message)


def encoded(topic: str, body: Answer) -> bytes:
    """Return the message that a page gets."""
    return msgspec.json.encode({"topic": topic, "body": body})
