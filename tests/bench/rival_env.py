"""Rivals in environments of their own, made on demand.

sparkmagic caps pandas below 3 and wants Kerberos at install.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# without their dependencies: Kerberos' sdists need a compiler, and nothing here uses them
BARE = (
    "sparkmagic==0.23.0",
    "hdijupyterutils==0.23.0",
    "autovizwidget==0.23.0",
    "requests-kerberos==0.15.0",
    "pyspnego",
)
WHEELS = (
    "pandas<3",
    "numpy",
    "requests",
    "ipython",
    "ipykernel",
    "ipywidgets",
    "nest-asyncio",
    "tornado",
    "notebook",
    "plotly",
    "cryptography",
    "setuptools<81",
)

# Hive's and Presto's clients, with what they need for a server without authentication; thrift
# comes with its accelerator where there is a C compiler
SQL_CLIENTS = (
    "impyla==0.24.0",
    "PyHive==0.7.0",
    "trino==0.340.0",
    "presto-python-client==0.8.4",
    "thrift==0.25.0",
    "thrift-sasl==0.4.3",
    "pure-sasl==0.6.2",
    "pandas==3.1.1",
)


def rival_python(cache: Path, name: str = "bench", more: Sequence[str] = ()) -> Path:
    """Return the Python of the rival's environment, made on first use.

    `more` are requirements of a further environment, which has a `name` of its own.
    """
    home = cache / f"{name}-sparkmagic-0.23.0"
    python = home / "bin" / "python"
    done = home / ".done"
    if not done.exists():
        print("making sparkmagic's environment …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, *WHEELS, *more], check=True)
        subprocess.run([*pip, "--no-deps", *BARE], check=True)
        done.touch()
    return python


def sql_rivals_python(cache: Path) -> Path:
    """Return the Python that has the other clients of Hive, Trino and Presto."""
    home = cache / "bench-sql-clients-1"
    python = home / "bin" / "python"
    done = home / ".done"
    if not done.exists():
        print("making the environment of the SQL rivals …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *SQL_CLIENTS], check=True)
        done.touch()
    return python
