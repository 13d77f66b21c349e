"""What a route is: one row that the handlers, the OpenAPI document and the tests all read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from emr_nb.errors import UsageError
from emr_nb.server.models.common import Answer, Input

if TYPE_CHECKING:
    from emr_nb.server.state import ServerState

PREFIX = "/emr-nb"  # as app.py has it, which loads nothing of this
_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    """One method of one path; `answered_by` is `module:function` below emr_nb.server.

    The path's parts, with the query of a GET or DELETE or the JSON body of a POST, are the
    fields of `takes`. `streams` says that bytes come or go beside it.
    """

    method: str
    path: str
    takes: type[Input]
    gives: type[Answer]
    answered_by: str
    summary: str
    streams: str = ""  # "upload" or "download"

    @property
    def name(self) -> str:
        """A name that no other has, for OpenAPI."""
        return self.answered_by.replace(":", "_")

    @property
    def parts(self) -> list[str]:
        """The names of the path's parts."""
        return _PART.findall(self.path)

    @property
    def pattern(self) -> str:
        """The path as tornado's router takes it."""
        return PREFIX + _PART.sub(r"(?P<\1>[^/]+)", self.path)

    @property
    def in_query(self) -> bool:
        """Whether the fields come by the query rather than by a body."""
        return self.method in ("GET", "DELETE") or bool(self.streams)

    @cached_property
    def function(self) -> Callable[[ServerState, Any], Answer]:
        """What answers; its module loads on first use."""
        module, _, name = self.answered_by.partition(":")
        found: Callable[[ServerState, Any], Answer] = getattr(
            import_module(f"emr_nb.server.{module}"), name
        )
        return found

    def read(self, parts: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Input:
        """Make the input of a request; raises UsageError that names the field."""
        try:
            if self.in_query:
                return msgspec.convert({**query, **parts}, self.takes, strict=False)
            found: Any = msgspec.json.decode(body) if body.strip() else {}
            if not isinstance(found, dict):
                raise UsageError("The body is no JSON object", where=self.path)
            return msgspec.convert({**found, **parts}, self.takes)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(
                f"This request cannot be read: {error}",
                where=f"{self.method} {PREFIX}{self.path}",
                advice="The page may be of another version than the server part: reload it.",
            ) from error
