"""The TLS context of a connection: verified always, by the system's or a given CA file."""

from __future__ import annotations

import ssl

from emr_nb.errors import UsageError
from emr_nb.transport.base import Tls


def context(tls: Tls | None) -> ssl.SSLContext:
    """Return a context that verifies chain and name; raises UsageError on an unusable CA file.

    `Tls.server_name` replaces the name to expect (for tunnels on localhost) and is given at
    the handshake. There is no way to switch verification off.
    """
    ca_file = tls.ca_file if tls else None
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"The CA file cannot be used: {error}",
            where=ca_file or "",
            advice="Give a PEM file with the CA that signed the cluster's certificates.",
        ) from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    return made
