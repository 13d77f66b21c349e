"""Settings that a page keeps for kernels and the server; none of them is a secret."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from emr_nb.server.models.common import Answer, Input

Kept = bool | int | float | str
_Values = Annotated[dict[str, bool | int | float | str | None], Meta(max_length=50)]


class SettingsKept(Input, frozen=True, kw_only=True):
    """Settings to keep, by name; null: the default from now on. Others stay as they are."""

    values: _Values


class SettingsView(Answer, frozen=True, kw_only=True):
    """What is kept, and by name what stands above it: a variable, or `c.EmrNb` of the server."""

    values: dict[str, Kept]
    overridden: dict[str, str]
