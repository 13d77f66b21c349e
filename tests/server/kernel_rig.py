"""A process that begins a statement in a journal, as a kernel does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BEGIN = """
import json, sys
from pathlib import Path
from emr_nb.journal import Journal, StatementRow
Journal(Path(sys.argv[1])).begin(StatementRow(**json.loads(sys.argv[2])))
print("begun", flush=True)
sys.stdin.read()
"""


@contextmanager
def begun(journal: Path, **row: str) -> Iterator[subprocess.Popen[bytes]]:
    """Begin a statement in a process of its own, which lives until it is killed or left."""
    command = [sys.executable, "-c", _BEGIN, str(journal), json.dumps(row)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == b"begun\n"
        yield kernel
