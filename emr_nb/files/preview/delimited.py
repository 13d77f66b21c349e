"""CSV, TSV and their like: delimiter and header are found and told, values stay text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from emr_nb.files.preview.body import Body
from emr_nb.files.preview.lines import Text
from emr_nb.files.preview.model import Options

NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe", "\x01": "^A"}
FORMATS = {",": "CSV", "\t": "TSV"}
_LOOKED = 100  # records by which a delimiter is found
_VALUE = re.compile(r"[-+]?\.?\d|(?i:true|false|null|nan|\\N)$")
_LABEL = re.compile(r"[^\W\d][\w .:/()#%$-]{0,80}$")
_QUOTED = re.compile(r'(^|\t)"[^"\n]*"(\t|$)', re.MULTILINE)

Record = list[str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records are written; `sure` where every record has as many fields as the first."""

    delimiter: str
    quoted: bool
    sure: bool


def dialect_of(text: Text, options: Options, named: str = "") -> Dialect | None:
    """Find the delimiter; `named` is what the file's name tells. None where there is none."""
    if options.delimiter is not None:
        return Dialect(options.delimiter, _quotes(text, options.delimiter), sure=True)
    best: tuple[float, int, Dialect] | None = None
    for delimiter in NAMES:
        quoted = _quotes(text, delimiter)
        records = _records(text, Dialect(delimiter, quoted, sure=False), _LOOKED)[0]
        widths = Counter(len(r) for r in records)
        if not widths:
            continue
        width, many = widths.most_common(1)[0]
        if width < 2:
            continue
        share = many / len(records)
        made = Dialect(delimiter, quoted, sure=len(widths) == 1)
        score = (share + (0.2 if delimiter == named else 0), width, made)
        if best is None or score[:2] > best[:2]:
            best = score
    if best is not None and (best[0] >= 0.8 or named):
        return best[2]
    return Dialect(named, _quotes(text, named), sure=True) if named else None


def read(text: Text, dialect: Dialect, options: Options) -> Body:
    """Return the first records as a table of texts."""
    import pyarrow as pa

    records, problem = _records(text, dialect, 10**9 if text.whole else options.rows + 1)
    name = NAMES.get(dialect.delimiter, repr(dialect.delimiter))
    notes = [*text.notes]
    header = options.header if options.header is not None else _has_header(records)
    if options.header is None and records:
        notes.append(_told(header=header))
    labels, rows = (records[0], records[1:]) if header and records else ([], records)
    total = len(rows) if text.whole and not problem else None
    rows = rows[: options.rows]
    width = max((len(r) for r in (labels, *rows)), default=0)
    odd = sum(1 for r in rows if len(r) != (len(labels) or width))
    if odd:
        notes.append(f"{odd:,} of these records have fewer or more fields than others.")
    if problem:
        notes.append(f"A record cannot be read: {problem}.")
    labels = [*labels, *(f"c{n + 1}" for n in range(len(labels), width))]
    notes.append(f"Columns are text, as a file of this kind has no types; delimiter: {name}.")
    schema = pa.schema([pa.field(label, pa.string()) for label in labels])
    columns = [pa.array([r[n] if n < len(r) else None for r in rows], pa.string())
               for n in range(width)]  # fmt: skip
    table = pa.Table.from_arrays(columns, schema=schema) if width else schema.empty_table()
    return Body(FORMATS.get(dialect.delimiter, f"text delimited by {name}"), schema, table, total,
                notes=tuple(notes))  # fmt: skip


def _told(*, header: bool) -> str:
    if header:
        return (
            "The first line is taken for the names of the columns; --header no takes it as a row."
        )
    return "No line of names was found; --header yes takes the first line for one."


def _quotes(text: Text, delimiter: str) -> bool:
    """Tell whether quotes mean something: Hive and Hadoop write them as they are."""
    if delimiter == "\x01":
        return False
    return delimiter != "\t" or bool(_QUOTED.search(text.text[:65536]))


def _records(text: Text, dialect: Dialect, most: int) -> tuple[list[Record], str]:
    """Return up to `most` records, without one that is cut, and what stopped the reading."""
    body = text.text
    if not text.whole and not body.endswith("\n"):
        body = body[: body.rfind("\n") + 1]
    found: list[Record] = []
    problem = ""
    reader = csv.reader(
        io.StringIO(body, newline=""),
        delimiter=dialect.delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
    )
    ended = False
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) >= most:
                break
        else:
            ended = True
    except csv.Error as error:
        problem = str(error)
    if ended and not text.whole and found and dialect.quoted and len(found) > 1:
        found.pop()  # a quoted field may go on behind the last newline
    return found, problem


def _has_header(records: Sequence[Record]) -> bool:
    """Tell whether the first record looks like names: distinct words above values unlike them."""
    if len(records) < 2:
        return False
    first, rest = records[0], records[1:_LOOKED]
    if len(set(first)) < len(first) or not all(f.strip() and not _VALUE.match(f) for f in first):
        return False
    for at, label in enumerate(first):
        below = [r[at] for r in rest if at < len(r) and r[at]]
        if label in below:
            return False
        if below and all(_VALUE.match(v) for v in below):
            return True
    return all(_LABEL.match(f) for f in first)
