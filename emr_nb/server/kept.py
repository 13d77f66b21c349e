"""What is kept for pages under names that cannot be guessed: the oldest gives way."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from emr_nb.errors import NotKeptError

T = TypeVar("T")


class Kept(Generic[T]):
    """At most `most` things; those that were not looked at for longest are let go of."""

    def __init__(self, what: str, most: int, let_go: Callable[[T], None] = lambda _: None) -> None:
        self._what = what
        self._most = most
        self._let_go = let_go
        self._lock = threading.Lock()
        self._things: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._things)

    def put(self, thing: T) -> str:
        """Keep a thing and return its name."""
        name = secrets.token_hex(12)
        gone = []
        with self._lock:
            self._things[name] = thing
            while len(self._things) > self._most:
                gone.append(self._things.popitem(last=False)[1])
        for one in gone:
            self._let_go(one)
        return name

    def get(self, name: str) -> T:
        """Return a thing; raises NotKeptError."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
                return self._things[name]
        raise NotKeptError(f"This {self._what} is not kept any more", advice="Ask for it again.")

    def take(self, name: str) -> T:
        """Return a thing that is kept no more from now on; raises NotKeptError."""
        with self._lock:
            if name in self._things:
                return self._things.pop(name)
        raise NotKeptError(f"This {self._what} is not kept any more", advice="Ask for it again.")

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            gone, self._things = list(self._things.values()), OrderedDict()
        for one in gone:
            self._let_go(one)
