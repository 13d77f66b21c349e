"""The contract that every ClusterProvider keeps, as a mixin class for pytest.

A test class inherits it and gives one fixture, `rig`: a `ClusterRig` that starts and ends
clusters where the provider under test looks for them.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.budget import CallBudget
from emr_nb.aws.credentials import Credentials
from emr_nb.aws.provider import AwsProvider
from emr_nb.aws.resolve import Patience
from emr_nb.cluster import ClusterProvider
from emr_nb.errors import (
    AwsCredentialsError,
    ClusterAmbiguousError,
    ClusterNotFoundError,
    ClusterStartingError,
    ClusterTerminatedError,
)
from emr_nb.local.aws_server.server import AwsServer
from emr_nb.model import READY_STATES

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient

_SOON = 2.0  # seconds within which an interrupt must be out


class ClusterRig(Protocol):
    """Makes clusters for the contract."""

    def provider(self, *, patience: float = 30.0) -> ClusterProvider:
        """Return a new provider that waits `patience` seconds for a starting cluster."""
        ...

    def run(
        self,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        starting: float = 0.0,
        fails: bool = False,
    ) -> str:
        """Start a cluster and return its id; it may take its time, or fail to start."""
        ...

    def end(self, cluster_id: str) -> None:
        """Terminate a cluster as its user does."""
        ...

    def expire_credentials(self) -> None:
        """Let the credentials of the provider expire."""
        ...


@dataclass
class AwsServerRig:
    """Clusters of the local AWS server, seen by an AwsProvider."""

    server: AwsServer
    access_key: str = "AKIAIOSFODNN7EXAMPLE"
    region: str = "eu-west-1"
    made: list[ClusterProvider] = field(default_factory=list)

    @cached_property
    def emr(self) -> EMRClient:
        """A plain client, past the budget and the memories of the provider."""
        return self.access().client("emr")

    def access(self, **options: Any) -> AwsAccess:
        """Return new access to the server; its budget is wide, as contracts ask a lot."""
        options.setdefault("budget", CallBudget(10_000, page_gap=0.0))
        return AwsAccess(
            region=self.region,
            endpoint_url=self.server.url,
            credentials=Credentials(self.access_key, "secret"),
            **options,
        )

    def provider(self, *, patience: float = 30.0) -> ClusterProvider:
        waiting = Patience(wait=patience, look=0.2)
        made = AwsProvider.for_access(self.access(), "aws", waiting)
        self.made.append(made)
        return made

    def run(
        self,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        starting: float = 0.0,
        fails: bool = False,
        **request: Any,
    ) -> str:
        steering = {"emr-nb:delays": f"starting={starting}"}
        if fails:
            steering["emr-nb:fail"] = "bootstrap"
        asked: dict[str, Any] = {
            "Name": name,
            "ReleaseLabel": "emr-7.5.0",
            "Applications": [{"Name": "Spark"}, {"Name": "Livy"}],
            "JobFlowRole": "EMR_EC2_DefaultRole",
            "ServiceRole": "EMR_DefaultRole",
            "Instances": {
                "KeepJobFlowAliveWhenNoSteps": True,
                "MasterInstanceType": "m5.xlarge",
                "InstanceCount": 1,
            },
            "Tags": [{"Key": k, "Value": v} for k, v in {**steering, **(tags or {})}.items()],
        }
        return str(self.emr.run_job_flow(**(asked | request))["JobFlowId"])

    def end(self, cluster_id: str) -> None:
        self.emr.terminate_job_flows(JobFlowIds=[cluster_id])

    def expire_credentials(self) -> None:
        self.server.expire(self.access_key)

    def close(self) -> None:
        """Close every provider made, and the plain client."""
        self.emr.close()
        for provider in self.made:
            provider.close()


def _silent(_: str) -> None:
    """Take no notice."""


class ClusterProviderContract:
    """What is true of every source of clusters."""

    def test_lists_every_live_cluster_newest_first(self, rig: ClusterRig) -> None:
        ids = [rig.run(f"c{n}") for n in range(3)]
        listed = list(rig.provider().clusters())
        assert [c.id for c in listed] == list(reversed(ids))
        assert {c.name for c in listed} == {"c0", "c1", "c2"}
        assert all(c.provider == rig.provider().name for c in listed)

    def test_ended_clusters_are_listed_only_when_asked_for(self, rig: ClusterRig) -> None:
        kept, gone = rig.run("kept"), rig.run("gone")
        rig.end(gone)
        assert [c.id for c in rig.provider().clusters()] == [kept]
        everything = {c.id: c for c in rig.provider().clusters(live_only=False)}
        assert set(everything) == {kept, gone}
        assert everything[gone].ended is not None
        assert everything[gone].state_reason

    @pytest.mark.parametrize("spelling", ["id", "name", "tag", "nothing"])
    def test_attaches_however_it_is_named(self, rig: ClusterRig, spelling: str) -> None:
        found = rig.run("etl", tags={"team": "ops"})
        target = {"id": found, "name": "etl", "tag": "tag:team=ops", "nothing": ""}[spelling]
        cluster, services = rig.provider().attach(target, _silent)
        assert (cluster.id, cluster.name) == (found, "etl")
        assert cluster.state in READY_STATES
        assert cluster.primary_dns
        assert {"livy", "hdfs", "s3"} <= {s.name for s in services}

    def test_an_unknown_name_offers_the_nearest(self, rig: ClusterRig) -> None:
        rig.run("production")
        with pytest.raises(ClusterNotFoundError, match="production"):
            rig.provider().attach("prodction", _silent)

    def test_an_unknown_id_and_tag_are_not_found(self, rig: ClusterRig) -> None:
        rig.run("one")
        for target in ("j-0000000000000", "tag:team=nobody"):
            with pytest.raises(ClusterNotFoundError, match=target.removeprefix("tag:")):
                rig.provider().attach(target, _silent)

    def test_nothing_running_is_said(self, rig: ClusterRig) -> None:
        with pytest.raises(ClusterNotFoundError, match="No cluster is running"):
            rig.provider().attach("", _silent)

    @pytest.mark.parametrize("target", ["etl", "", "tag:team=ops"])
    def test_an_ambiguous_target_lists_the_ids(self, rig: ClusterRig, target: str) -> None:
        ids = [rig.run("etl", tags={"team": "ops"}) for _ in range(2)]
        with pytest.raises(ClusterAmbiguousError) as raised:
            rig.provider().attach(target, _silent)
        assert all(i in str(raised.value) for i in ids)

    def test_an_ended_namesake_does_not_make_it_ambiguous(self, rig: ClusterRig) -> None:
        old, new = rig.run("etl"), rig.run("etl")
        rig.end(old)
        assert rig.provider().attach("etl", _silent)[0].id == new

    def test_a_starting_cluster_is_waited_for_with_progress(self, rig: ClusterRig) -> None:
        told: list[str] = []
        for number, seconds in enumerate((1.5, 6.0, 24.0)):
            found = rig.run(f"slow-{number}", starting=seconds)
            cluster, _ = rig.provider().attach(f"slow-{number}", told.append)
            assert (cluster.id, cluster.state in READY_STATES) == (found, True)
            if told:  # else it was ready before a busy machine looked
                break
        assert told
        assert all(found in line and "STARTING" in line for line in told)

    def test_waiting_ends_at_its_deadline(self, rig: ClusterRig) -> None:
        found = rig.run("slow", starting=60)
        began = time.monotonic()
        with pytest.raises(ClusterStartingError, match=found):
            rig.provider(patience=0.5).attach("slow", _silent)
        assert time.monotonic() - began < 20

    def test_waiting_can_be_interrupted(self, rig: ClusterRig) -> None:
        rig.run("slow", starting=60)
        provider = rig.provider()
        sent: list[float] = []

        def interrupt() -> None:
            sent.append(time.monotonic())
            _thread.interrupt_main()

        # again and again, as a user does: one that strikes in a finalizer is lost
        over = threading.Event()

        def press() -> None:
            while not over.wait(1.0):
                interrupt()

        def attach() -> None:
            try:
                provider.attach("slow", _silent)
            finally:
                over.set()

        threading.Thread(target=press, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            attach()
        assert time.monotonic() - sent[-1] < _SOON

    def test_a_cluster_that_fails_to_start_says_why(self, rig: ClusterRig) -> None:
        rig.run("broken", starting=0.5, fails=True)
        with pytest.raises(ClusterTerminatedError, match="bootstrap"):
            rig.provider().attach("broken", _silent)

    def test_an_ended_cluster_says_when_why_and_what_lives(self, rig: ClusterRig) -> None:
        tags = {"team": "ops"}
        gone, namesake = rig.run("etl", tags=tags), rig.run("etl")
        sibling, stranger = rig.run("other", tags=tags), rig.run("stranger")
        rig.end(gone)
        with pytest.raises(ClusterTerminatedError) as raised:
            rig.provider().attach(gone, _silent)
        text = str(raised.value)
        assert "Terminated by user request" in text
        assert "ago (" in text
        assert "HDFS is gone" in text
        assert namesake in text
        assert sibling in text
        assert stranger not in text

    def test_the_name_of_an_ended_cluster_says_so_too(self, rig: ClusterRig) -> None:
        gone = rig.run("once")
        rig.end(gone)
        with pytest.raises(ClusterTerminatedError, match=gone):
            rig.provider().attach("once", _silent)

    def test_expired_credentials_say_how_to_renew_them(self, rig: ClusterRig) -> None:
        rig.run("etl")
        provider = rig.provider()
        rig.expire_credentials()
        with pytest.raises(AwsCredentialsError, match="expired") as raised:
            provider.attach("etl", _silent)
        assert "aws sso login" in str(raised.value)

    def test_threads_may_share_it(self, rig: ClusterRig) -> None:
        found = rig.run("etl")
        provider = rig.provider()
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda _: provider.attach("etl", _silent)[0].id, range(16)))
        assert ids == [found] * 16
