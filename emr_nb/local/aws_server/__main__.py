"""`python -m emr_nb.local.aws_server`: serves until TERM or INT."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Serve the AWS APIs; the port answering is the sign of readiness."""
    parser = argparse.ArgumentParser(prog="emr_nb.local.aws_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True, help="for temporary files")
    parser.add_argument("--starting", type=float, default=0.0, help="seconds a cluster starts")
    parser.add_argument("--bootstrapping", type=float, default=0.0, help="seconds it bootstraps")
    parser.add_argument("--step", type=float, default=0.2, help="seconds a step runs")
    parser.add_argument("--terminating", type=float, default=0.0, help="seconds it ends")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    spool = options.state_dir / "tmp"
    spool.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(spool)  # S3 objects above a few MiB go to temporary files
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 100 MB that nobody asks for

    from emr_nb.local.aws_server.model import Delays
    from emr_nb.local.aws_server.server import AwsServer

    delays = Delays(options.starting, options.bootstrapping, options.step, options.terminating)
    server = AwsServer(options.port, delays)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    # the first EMR request would wait a second for this
    import_module("emr_nb.local.aws_server.emr")
    ended.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
