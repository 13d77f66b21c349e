from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emr_nb.testing.fault_proxy import FaultProxy

sys.path.insert(0, str(Path(__file__).parent))  # s3_rig.py, cse_rig.py

if TYPE_CHECKING:
    from emr_nb.files.s3 import S3
    from emr_nb.local.aws_server.server import AwsServer


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsServer]:
    """The local cluster's AWS server, in this process."""
    from emr_nb.local.aws_server.server import AwsServer

    with AwsServer() as server:
        yield server


@pytest.fixture
def proxy(aws: AwsServer) -> Iterator[FaultProxy]:
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        yield proxy


@pytest.fixture
def fs(proxy: FaultProxy) -> S3:
    """S3 by our own HTTP, which the proxy sees."""
    from s3_rig import s3_at

    made = s3_at(f"http://127.0.0.1:{proxy.port}")
    made._bulk = None
    return made
