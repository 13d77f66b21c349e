"""The IPython matcher over our completion, which loads when Tab is first pressed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emr_nb.notebook.completion import Completer
    from emr_nb.notebook.emr_magic import EmrMagic
    from emr_nb.notebook.state import Notebook


def matcher(notebook: Notebook, emr: EmrMagic) -> Callable[..., Any]:
    """Return an IPython matcher (its second API) over a completer of ours."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @cache
    def completer() -> Completer:
        from emr_nb.notebook.completion import Completer

        return Completer(notebook, emr)

    @context_matcher(identifier="emr_nb")  # type: ignore[untyped-decorator, unused-ignore]
    def complete(context: Any) -> dict[str, Any]:
        found = completer().complete(context.full_text, _offset(context))
        if found is None:
            return {"completions": [], "suppress": False}
        fragment, texts = found
        return {
            "completions": [SimpleCompletion(text, type=kind) for text, kind in texts],
            "matched_fragment": fragment,
            "suppress": True,
        }

    return complete  # type: ignore[no-any-return, unused-ignore]


def _offset(context: Any) -> int:
    """Return the cursor as an offset into the whole text; IPython gives line and column."""
    lines = context.full_text.split("\n")
    above: int = sum(len(line) + 1 for line in lines[: context.cursor_line])
    column: int = context.cursor_position
    return above + column
