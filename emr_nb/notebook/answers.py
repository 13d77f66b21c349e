"""What `%emr` lines return: values that show themselves only when nobody took them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from emr_nb.notebook.look import ANSWER_STYLE, aligned, printable

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
MAX_SHOWN = 1000  # rows of a listing on the page; the value has all


@dataclass(frozen=True)  # a generic class with slots cannot be made by Field[T](…)
class Field(Generic[T]):
    """A column of Records: its title, its value, and how the value is written."""

    title: str
    value: Callable[[T], Any]
    write: Callable[[Any], str] = lambda value: "" if value is None else str(value)
    right: bool = False


class Records(Sequence[T]):
    """A list that shows as a table; `.pandas()` gives a DataFrame of its values."""

    def __init__(
        self,
        items: Iterable[T],
        columns: Sequence[Field[T]],
        notice: str = "",
        *,
        shown: int = MAX_SHOWN,
    ) -> None:
        self._items = list(items)
        self._columns = tuple(columns)
        self._shown = shown
        self.notice = notice

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._items[index]

    def pandas(self) -> pd.DataFrame:
        """Return a DataFrame with the values, not their texts."""
        import pandas as pd

        return pd.DataFrame({c.title: [c.value(i) for i in self._items] for c in self._columns})

    def cells(self) -> list[list[str]]:
        """Return the texts of the rows that are shown, safe to print."""
        shown = self._items[: self._shown]
        return [[printable(c.write(c.value(i))) for c in self._columns] for i in shown]

    def _below(self) -> str:
        """Return the notice, and where not all rows are shown, that."""
        cut = len(self._items) > self._shown
        told = f"{self._shown:,} of {len(self._items):,} rows are shown; .pandas() has all" * cut
        lines = [told, *map(printable, self.notice.split("\n"))]
        return "\n".join(text for text in lines if text)

    def __repr__(self) -> str:
        rows = [[c.title for c in self._columns], *self.cells()]
        widths = [max(len(row[n]) for row in rows) for n in range(len(self._columns))]
        lines = []
        for row in rows:
            marks = zip(row, widths, self._columns, strict=True)
            texts = [f"{t:>{w}}" if c.right else f"{t:<{w}}" for t, w, c in marks]
            lines.append("  ".join(texts).rstrip())
        if not self._items:
            lines = []
        return "\n".join([*lines, *filter(None, [self._below()])]) or "(nothing)"

    def _repr_html_(self) -> str:
        if not self._items:
            return f"{ANSWER_STYLE}<div class='emr-nb-a'><p>{escape(repr(self))}</p></div>"
        sides = [aligned(right=c.right) for c in self._columns]
        head = "".join(
            f"<th{s}>{escape(c.title)}</th>" for c, s in zip(self._columns, sides, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(f"<td{s}>{escape(t)}</td>" for t, s in zip(row, sides, strict=True))
            + "</tr>"
            for row in self.cells()
        )
        note = f"<p style='white-space:pre-line'>{escape(self._below())}</p>"
        return (
            f"{ANSWER_STYLE}<div class='emr-nb-a'><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{note}</div>"
        )


class Facts(Sequence[tuple[str, str]]):
    """Labelled lines, such as the four that an attach answers; reads as a list of pairs."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = [(label, printable(text)) for label, text in lines]

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        return self._lines[index]

    def __repr__(self) -> str:
        width = max((len(label) for label, _ in self._lines), default=0)
        return "\n".join(f"{label:<{width}}  {text}".rstrip() for label, text in self._lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th{aligned()}>{escape(label)}</th><td{aligned()}>{escape(text)}</td></tr>"
            for label, text in self._lines
        )
        return f"{ANSWER_STYLE}<div class='emr-nb-a emr-nb-f'><table>{rows}</table></div>"


class Text(str):
    """A text that shows as it is, without quotes."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("(cycle)" if cycle else str(self))


class Lines(list[str]):
    """Lines of text that show one below the other."""

    def __repr__(self) -> str:
        return "\n".join(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("(cycle)" if cycle else repr(self))


def bundle(value: Any) -> dict[str, Any]:
    """Return the MIME bundle of an answer."""
    data = {"text/plain": str(value) if isinstance(value, str) else repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return data
