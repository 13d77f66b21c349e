"""The contract of cluster providers on AwsProvider, before the local AWS server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emr_nb.local.aws_server.server import AwsServer
from emr_nb.testing.clusters import AwsServerRig, ClusterProviderContract


class TestAws(ClusterProviderContract):
    @pytest.fixture
    def rig(self) -> Iterator[AwsServerRig]:
        with AwsServer() as server:
            made = AwsServerRig(server)
            yield made
            made.close()
