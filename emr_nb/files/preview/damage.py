"""The errors of previews, each made in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emr_nb.errors import EmrError, FileFormatError
from emr_nb.model import FilePath


class DamageError(Exception):
    """A parser found what cannot be; the text says what. `named` adds the path."""


class BudgetSpentError(Exception):
    """A read would go beyond what a preview may read of one file."""


@contextmanager
def named(path: FilePath, what: str) -> Iterator[None]:
    """Turn whatever a parser raises on hostile bytes into one FileFormatError with the path."""
    try:
        yield
    except EmrError:
        raise
    except DamageError as error:
        raise damaged(path, what, str(error)) from error
    except BudgetSpentError as error:
        raise damaged(path, what, str(error)) from error
    except (MemoryError, RecursionError) as error:
        raise damaged(path, what, f"it asks for absurd sizes ({type(error).__name__})") from error
    except Exception as error:
        # pyarrow raises whatever the bytes lead to: ArrowInvalid, OSError, ValueError, TypeError
        raise damaged(path, what, first_line(error)) from error


def damaged(path: FilePath, what: str, why: str) -> FileFormatError:
    """Return the error for a file that is not, or no longer, what it should be."""
    return FileFormatError(
        f"This {what} cannot be previewed: {why}",
        where=str(path),
        advice="It may be cut short, still being written, or something else than it seems; "
        "%emr head -c 64 shows its first bytes.",
    )


def first_line(error: BaseException) -> str:
    """Return an error's first line, or what kind it is."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
