"""Gives instance groups and fleets their instances, as instances of moto's EC2."""

from __future__ import annotations

import time
from typing import Any

from emr_nb.local.aws_server.model import Cluster, Machine, NodeSet

_IMAGE = "ami-12c6146b"  # one that moto's EC2 knows


def add_machines(cluster: Cluster, owner: NodeSet) -> None:
    """Start what the group or fleet still wants of its capacity."""
    for market, wanted in (("ON_DEMAND", owner.on_demand), ("SPOT", owner.spot)):
        live = [m for m in cluster.machines if m.owner is owner and m.ended is None]
        have = sum(_weight(owner, m.instance_type) for m in live if m.market == market)
        chosen = owner.types[0] if owner.types else {"InstanceType": "m5.xlarge"}
        kind, weight = str(chosen["InstanceType"]), int(chosen.get("WeightedCapacity", 1))
        missing = -(-(wanted - have) // max(weight, 1))
        if missing > 0:
            _start(cluster, owner, kind, market, missing)


def remove_machines(cluster: Cluster, owner: NodeSet) -> None:
    """End the youngest instances that the group or fleet no longer wants."""
    for market, wanted in (("ON_DEMAND", owner.on_demand), ("SPOT", owner.spot)):
        live = [
            m
            for m in cluster.machines
            if m.owner is owner and m.ended is None and m.market == market
        ]
        have = sum(_weight(owner, m.instance_type) for m in live)
        while live and have - _weight(owner, live[-1].instance_type) >= wanted:
            last = live.pop()
            last.ended = time.time()
            have -= _weight(owner, last.instance_type)


def release_machines(cluster: Cluster) -> None:
    """End the EC2 instances behind machines that have ended."""
    gone = [m for m in cluster.machines if m.ended is not None and not m.released]
    if not gone:
        return
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[cluster.account][cluster.region]
    ec2.terminate_instances([m.ec2_id for m in gone])
    for machine in gone:
        machine.released = True


def _weight(owner: NodeSet, kind: str) -> int:
    found = (t for t in owner.types if t.get("InstanceType") == kind)
    return int(next(found, {}).get("WeightedCapacity", 1))


def _start(cluster: Cluster, owner: NodeSet, kind: str, market: str, count: int) -> None:
    started = time.time()
    for made in _ec2_instances(cluster, kind, count):
        machine = Machine(
            owner,
            kind,
            market,
            started,
            ec2_id=str(made.id),
            public_dns=str(made.public_dns_name or ""),
            private_dns=str(made.private_dns_name or ""),
            public_ip=str(made.public_ip or ""),
            private_ip=str(made.private_ip or ""),
        )
        cluster.machines.append(machine)
    if owner.role == "MASTER":
        _name_primaries(cluster)


def _ec2_instances(cluster: Cluster, kind: str, count: int) -> list[Any]:
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[cluster.account][cluster.region]
    reservation = ec2.run_instances(
        *(_IMAGE, count, None, []),
        instance_type=kind,
        is_instance_type_default=False,
        tags={"instance": {"aws:elasticmapreduce:job-flow-id": cluster.id}},
    )
    return list(reservation.instances)


def _name_primaries(cluster: Cluster) -> None:
    """Give the primaries their true names where the cluster says them."""
    names = cluster.fact("primary-dns").split()
    for machine, name in zip(cluster.primaries(), names, strict=False):
        machine.public_dns = machine.private_dns = name
        if name.replace(".", "").isdigit() or name == "localhost":
            machine.public_ip = machine.private_ip = "127.0.0.1" if name == "localhost" else name
