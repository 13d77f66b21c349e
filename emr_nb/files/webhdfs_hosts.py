"""Where a NameNode may send us: only to nodes of its own cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

_AWS_PRIVATE = (".ec2.internal", ".compute.internal")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def may_redirect(namenode: str, target: str, known: Iterable[str]) -> bool:
    """Tell whether a redirect from `namenode` to `target` stays within the cluster.

    Loopback only ever leads to loopback. Else a target is the cluster's when it is one of
    its `known` hosts, in the same domain, under EC2's private domains, or a private address;
    never link-local (instance metadata) or loopback.
    """
    if not target:
        return False
    if is_loopback(namenode) or is_loopback(target):
        return is_loopback(namenode) and is_loopback(target)
    address = _address(target)
    if address is not None:
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        return address.is_private or target in set(known)
    if target in set(known) or target.endswith(_AWS_PRIVATE):
        return True
    domain = namenode.partition(".")[2]
    return "." in domain and _address(namenode) is None and target.endswith(f".{domain}")


def safe_addresses(addresses: Iterable[str], *, loopback: bool) -> bool:
    """Tell whether what a redirect's name resolves to is no hidden way to this machine."""
    for text in addresses:
        address = _address(text.partition("%")[0])
        if address is None or address.is_link_local or address.is_unspecified:
            return False
        if address.is_loopback is not loopback:
            return False
    return True


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
