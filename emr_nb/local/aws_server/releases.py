"""Which version of an application a release of EMR has, for a few releases.

Good enough for a local cluster; they were not checked against AWS's release pages. A
release that is not here has applications without versions, and DescribeReleaseLabel says
that it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_KNOWN = {
    "emr-7.5.0": (
        "Flink 1.19.1 HBase 2.5.5 HCatalog 3.1.3 Hadoop 3.4.0 Hive 3.1.3"
        " JupyterEnterpriseGateway 2.6.0 Livy 0.8.0 Presto 0.287 Spark 3.5.2 Tez 0.10.2 Trino 446"
    ),
    "emr-7.1.0": (
        "Flink 1.18.1 HBase 2.4.17 HCatalog 3.1.3 Hadoop 3.3.6 Hive 3.1.3"
        " JupyterEnterpriseGateway 2.6.0 Livy 0.8.0 Presto 0.284 Spark 3.5.0 Tez 0.10.2 Trino 435"
    ),
    "emr-6.15.0": (
        "Flink 1.17.1 HBase 2.4.17 HCatalog 3.1.3 Hadoop 3.3.6 Hive 3.1.3"
        " JupyterEnterpriseGateway 2.6.0 Livy 0.7.1 Presto 0.283 Spark 3.4.1 Tez 0.10.2 Trino 426"
    ),
}


def _pairs(text: str) -> Mapping[str, str]:
    words = text.split()
    return MappingProxyType(dict(zip(words[::2], words[1::2], strict=True)))


RELEASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {label: _pairs(text) for label, text in _KNOWN.items()}
)


def version_of(release: str, application: str) -> str:
    """Return an application's version in a release; empty when we do not know it."""
    wanted = application.lower()
    known = RELEASES.get(release, {})
    return next((v for name, v in known.items() if name.lower() == wanted), "")
