"""What a session tells after each cell, for completion: its names, their members, columns.

Nothing here runs a Spark job: the driver knows a frame's schema.
"""

from __future__ import annotations

import contextlib
import sys

from . import tables

NAMES = 1000  # variables told at most
COLUMNS = 2000  # columns told at most, over all frames
KINDS = 50
MEMBERS = 600  # names told at most of one type or module


class Facts:
    """What was asked already: a frame's columns take a round trip to the JVM."""

    def __init__(self):
        self._columns = {}  # id -> (frame, names); a frame's columns never change
        self._members = {}  # id -> (type or module, names)

    def told(self, namespace):
        """Return all facts on the public variables, as JSON takes them."""
        names = [name for name in sorted(namespace) if not name.startswith("_")]
        items = [(name, namespace[name]) for name in names[:NAMES]]
        modules = [(name, value) for name, value in items if isinstance(value, type(sys))]
        kinds = {type(value).__name__: type(value) for _, value in items}
        kinds.pop("module", None)
        return {
            "names": {name: type(value).__name__ for name, value in items},
            "columns": self._frames(items),
            "members": {name: self._of(kinds[name]) for name in sorted(kinds)[:KINDS]},
            "modules": {name: self._of(value) for name, value in modules[:KINDS]},
        }

    def _frames(self, items):
        told, kept, left = {}, {}, COLUMNS
        for name, value in items:
            if not (tables.is_spark(value) or tables.is_pandas(value)):
                continue
            with contextlib.suppress(Exception):  # a stopped context tells no columns
                before = self._columns.get(id(value))
                columns = before[1] if before else [str(c) for c in list(value.columns)]
                if tables.is_spark(value):
                    kept[id(value)] = (value, columns)
                told[name] = columns[: max(left, 0)]
                left -= len(told[name])
        self._columns = kept  # also lets go of frames that are no variable's any more
        return told

    def _of(self, thing):
        if id(thing) not in self._members:
            names = []
            with contextlib.suppress(Exception):
                names = [name for name in dir(thing) if not name.startswith("_")]
            self._members[id(thing)] = (thing, names[:MEMBERS])
        return self._members[id(thing)][1]
