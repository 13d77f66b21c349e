"""Lines of text from the beginning of a file, and how they were decoded."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from emr_nb.files.preview.content import MOST, Content

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# what may stand in a text: tab, newlines, form feed, escape (colours of logs), and
# Hive's delimiters ^A, ^B and ^C
_CONTROLS = bytes(sorted(set(range(32)) - {1, 2, 3, 9, 10, 12, 13, 27}))


@dataclass(frozen=True, slots=True)
class Text:
    """The beginning of a text; `whole` tells whether it is all of it."""

    text: str
    whole: bool
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the lines, without a last one that is cut."""
        lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        last = lines.pop()
        return [*lines, last] if self.whole and last else lines


def is_text(head: bytes) -> bool:
    """Tell whether bytes are the beginning of a text."""
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return True
    return head.translate(None, _CONTROLS) == head


def text_of(content: Content, wanted: int) -> Text:
    """Return the first `wanted` lines, reading up to a MiB for them."""
    size = 32 * 1024
    while True:
        data = content.get(size)
        whole = content.is_all(data)
        if whole or len(data) < size or data.count(b"\n") > wanted or size >= MOST:
            break
        size *= 4
    return _decoded(data, content, whole=whole)


def _decoded(data: bytes, content: Content, *, whole: bool) -> Text:
    encoding = "utf-8"
    for bom, found in _BOMS:
        if data.startswith(bom):
            data, encoding = data[len(bom) :], found
    if not whole and encoding == "utf-8":  # a character may be cut
        while data and data[-1] & 0xC0 == 0x80:
            data = data[:-1]
        data = data[:-1] if data and data[-1] >= 0xC0 else data
    notes = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "backslashreplace")
        notes.append("It is not UTF-8: bytes that are no character show as \\xNN.")
    if encoding.startswith("utf-16"):
        notes.append("It is UTF-16.")
    if content.cut_short:
        notes.append(f"The end is missing: {content.cut_short}.")
        whole = False
    return Text(text, whole, tuple(notes))
