"""What every model is made of, and the one shape of errors."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=16_384)]  # a path, a name, a search
Word = Annotated[str, Meta(max_length=256)]  # an id, a cursor, a choice
Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")]  # of a local cluster


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a route takes: the path's parts, with the query's or the body's fields."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a route gives."""


class Nothing(Input, frozen=True, kw_only=True):
    """No parameters."""


class Failure(Answer, frozen=True, kw_only=True):
    """Every error: what happened, where, and what to do. `kind` names the error's class.

    `message` is `what` again, where JupyterLab looks for it.
    """

    kind: str
    what: str
    where: str = ""
    advice: str = ""
    message: str = ""


class Health(Answer, frozen=True, kw_only=True):
    """That the server part is there; `api` grows when a page needs a newer server part."""

    version: str
    api: int
    user: str


class Done(Answer, frozen=True, kw_only=True):
    """That something was done, in words for the reader."""

    text: str


class JobId(Input, frozen=True, kw_only=True):
    """Names a job."""

    job: Word


class JobView(Answer, frozen=True, kw_only=True):
    """Long work: `state` is `running`, `done`, `failed` or `cancelled`; times are epoch seconds.

    `lines` are the newest lines of its progress, the last one last. `plan` is there where the
    work found that it must be asked about again.
    """

    job: str
    kind: str
    about: str
    state: str
    lines: list[str]
    began: float
    ended: float | None = None
    text: str = ""
    failure: Failure | None = None
    plan: str = ""
    stoppable: bool = False


class JobList(Answer, frozen=True, kw_only=True):
    """The jobs that are kept, the newest first."""

    jobs: list[JobView]
