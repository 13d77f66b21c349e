"""S3 beside boto3, s3fs and obstore, all against the same stub: `python -m tests.bench.files_s3`.

Small by default; `--full` has the sizes of README. Each side runs in a process of its own, in
the order A B … B A, and its answers must be the same as ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RIVALS = ("boto3==1.43.117", "s3fs==2026.9.0", "obstore==0.12.1")
ROOT = Path(__file__).parents[2]
NAMES = ("emr_nb", "emr_nb[fast-s3]", "boto3", "s3fs", "obstore")
LONG = 15.0  # seconds; what takes longer is not run again


@dataclass(frozen=True)
class Sizes:
    """How much is listed and read, and how often each side does it."""

    keys: int = 10_000
    small: int = 200
    large: int = 64 * 2**20
    runs: int = 1


FULL = Sizes(100_000, 2_000, 2**30, 5)


@contextmanager
def stub(sizes: Sizes, delay: float) -> Iterator[int]:
    """Run the stub in a process of its own; yields its port."""
    command = [sys.executable, "-m", "tests.bench.files_s3_stub", "--keys", str(sizes.keys)]
    command += ["--delay", str(delay), "--large", str(sizes.large)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def side(python: Path | str, name: str, case: str, port: int, count: int) -> dict[str, Any]:
    """Run one side once; returns its figures."""
    script = Path(__file__).with_name("files_s3_side.py")
    done = subprocess.run(
        [str(python), str(script), name, case, str(port), str(count)],
        cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name} {case}: {done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true"}


def measure(sizes: Sizes, rivals: Path, ours: Path | str = sys.executable) -> dict[str, Any]:
    """Return the figures of every case, side and run; of the extra where obstore is installed."""
    fast = ("emr_nb[fast-s3]",) if find_spec("obstore") else ()
    cases: list[tuple[str, str, float, int, Sequence[str]]] = [
        ("list", "list", 0, sizes.keys, ("emr_nb", "boto3", "s3fs", "obstore")),
        ("list 30 ms", "list", 30, sizes.keys, ("emr_nb", "boto3", "s3fs", "obstore")),
        ("many", "many", 0, sizes.small, ("emr_nb", *fast, "boto3", "s3fs", "obstore")),
        ("large", "large", 0, sizes.large, ("emr_nb", *fast, "s3fs", "obstore")),
        ("large 20 ms", "large", 20, sizes.large, ("emr_nb", *fast, "s3fs", "obstore")),
    ]
    raw: dict[str, Any] = {}
    for title, case, delay, count, names in cases:
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        with stub(sizes, delay) as port:
            for number in range(sizes.runs):
                for name in names if number % 2 == 0 else reversed(names):
                    if any(run["seconds"] > LONG for run in found[name]):
                        continue
                    python = ours if name.startswith("emr_nb") else rivals
                    found[name].append(side(python, name, case, port, count))
        if case == "list":
            digests = {run["digest"] for runs in found.values() for run in runs}
            assert len(digests) == 1, "the sides listed different keys"
        raw[title] = found
        print(f"  {title}: done", file=sys.stderr, flush=True)
    return raw


def markdown(raw: dict[str, Any], sizes: Sizes) -> str:
    """Return a table: a line a case and figure, a column a side, the ratios to ours."""
    names = [n for n in NAMES if any(n in found for found in raw.values())]
    lines = [f"| S3 | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    what = {
        "list": f"list {sizes.keys:,} keys",
        "many": f"read {sizes.small:,} objects of 16 KiB",
        "large": f"read {sizes.large / 2**20:,.0f} MiB",
    }
    for title, found in raw.items():
        case, _, delay = title.partition(" ")
        told = what[case] + (f", {delay} added a request" if delay else "")
        for key, unit, scale in _figures(case, delay):
            ours = _median(found["emr_nb"], key) / scale
            cells = [_cell(found.get(name), key, scale, ours, name) for name in names]
            lines.append(f"| {told}, {unit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures(case: str, delay: str) -> list[tuple[str, str, float]]:
    figures = [("seconds", "seconds", 1.0)]
    if case == "many":
        figures = [("cpu", "processor seconds", 1.0)]
    if case == "list":
        figures.append(("first", "seconds to the first 1,000", 1.0))
    if not delay and case != "many":
        figures.append(("memory", "MiB more memory", 2**20))
    return figures


def _cell(runs: list[dict[str, Any]] | None, key: str, scale: float, ours: float, name: str) -> str:
    if runs is None:
        return "–"
    value = _median(runs, key) / scale
    shows = name != "emr_nb" and ours > 0 and key != "memory"
    return f"{value:.2f}" + (f" ({value / ours:.1f}×)" if shows else "")


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def rivals_python(cache: Path) -> Path:
    """Return the Python of the rivals' environment, made on first use."""
    home = cache / "bench-s3-1"
    python, done = home / "bin" / "python", home / ".done"
    if not done.exists():
        print("making the S3 clients' environment …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *RIVALS], check=True)
        done.touch()
    return python


def main() -> None:
    from emr_nb.settings import cache_home

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--full", action="store_true", help="the sizes of README")
    options.add_argument("--rivals", type=Path, help="a Python that has boto3, s3fs and obstore")
    options.add_argument("--ours", default=sys.executable, help="a Python for emr_nb")
    options.add_argument("--json", type=Path, help="keep the raw figures in this file")
    chosen = options.parse_args()
    rivals = chosen.rivals or rivals_python(cache_home())
    raw = measure(FULL if chosen.full else Sizes(), rivals, chosen.ours)
    if chosen.json:
        chosen.json.write_text(json.dumps(raw, indent=1))
    print(markdown(raw, FULL if chosen.full else Sizes()))


if __name__ == "__main__":
    main()
