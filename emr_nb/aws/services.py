"""From EMR's facts to services and endpoints: a pure function of a cluster.

Defaults are EMR's own ports; configuration classifications override them, those of the
primary group last. Properties of a service have configuration under its own keys
(`fs.defaultFS`) and what follows from it under short names (`private_hosts`, `glue`,
`dialect`, `via`). What is not in DescribeCluster (a security configuration's TLS, a process
that an administrator stopped) shows only when a service is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from emr_nb.model import Cluster, Endpoint, Service

_GLUE = "AWSGlueDataCatalogHiveClientFactory"
_HADOOP_3 = 6  # the first major release of EMR with Hadoop 3
_LIVY_KEYS = (
    *("livy.impersonation.enabled", "livy.server.session.timeout", "livy.server.auth.type"),
    *("livy.server.session.timeout-check", "livy.server.recovery.mode"),
)
_X_PRESTO_UNTIL = 350  # PrestoSQL's last version that speaks X-Presto-* headers


def services_of(cluster: Cluster) -> tuple[Service, ...]:
    """Return the services of a cluster, with one endpoint per primary node each."""
    found: list[Service] = []
    for application, makers in _MAKERS:
        if application and cluster.application(application) is None:
            continue
        for make in makers:
            service = make(_Facts(cluster, application))
            if service is not None and all(s.name != service.name for s in found):
                found.append(service)
    return tuple(found)


class _Facts:
    """One cluster's hosts and configuration, as the makers below ask for them."""

    def __init__(self, cluster: Cluster, application: str) -> None:
        self.cluster = cluster
        installed = cluster.application(application)
        self.version = installed.version if installed else ""
        self.hosts = [n.public_dns or n.private_dns or n.private_ip for n in cluster.primaries]
        if not self.hosts and cluster.primary_dns:
            self.hosts = [cluster.primary_dns]
        self.private = [n.private_dns or n.private_ip for n in cluster.primaries]

    def conf(self, classification: str, key: str, default: str = "") -> str:
        return self.cluster.property(classification, key, default).strip()

    def keys(self, classification: str, *names: str) -> dict[str, str]:
        """Return settings under their own names."""
        return {name: self.conf(classification, name) for name in names}

    def true(self, classification: str, key: str) -> bool:
        return self.conf(classification, key).lower() == "true"

    def port(self, classification: str, key: str, default: int) -> int:
        """Return a port from `8998`, `host:8998` or `0.0.0.0:8998`."""
        found = re.search(r"(\d+)\s*$", self.conf(classification, key))
        return int(found[1]) if found else default

    @property
    def major(self) -> int:
        found = re.search(r"(\d+)\.", self.cluster.release)
        return int(found[1]) if found else _HADOOP_3

    def service(
        self,
        name: str,
        port: int,
        scheme: str = "http",
        path: str = "",
        properties: Mapping[str, str] | None = None,
    ) -> Service:
        """Return a service that every primary has; empty properties are left out."""
        facts = {k: v for k, v in (properties or {}).items() if v}
        if any(self.private) and self.private != self.hosts:
            facts["private_hosts"] = ",".join(self.private)
        if self.cluster.security_configuration:
            facts["security_configuration"] = self.cluster.security_configuration
        if self.cluster.kerberos_realm:
            facts["kerberos_realm"] = self.cluster.kerberos_realm
        endpoints = tuple(Endpoint(name, host, port, scheme, path) for host in self.hosts)
        return Service(name, endpoints, self.version, facts)


def _livy(f: _Facts) -> Service:
    tls = bool(f.conf("livy-conf", "livy.keystore"))
    spark = f.cluster.application("Spark")
    return f.service(
        "livy",
        f.port("livy-conf", "livy.server.port", 8998),
        "https" if tls else "http",
        properties={
            "spark_version": spark.version if spark else "",
            "spark.master": _spark_master(f),
            **f.keys("livy-conf", *_LIVY_KEYS),
        },
    )


def _spark_master(f: _Facts) -> str:
    return f.conf("livy-conf", "livy.spark.master") or f.conf("spark-defaults", "spark.master")


def _default_fs(f: _Facts) -> str:
    found = f.conf("core-site", "fs.defaultFS") or f.conf("core-site", "fs.default.name")
    if found:
        return found
    if len(f.hosts) > 1:
        return "hdfs://ha-nn-uri"  # the name that EMR gives to clusters of three primaries
    host = next(iter(f.private), "") or next(iter(f.hosts), "")
    return f"hdfs://{host}:8020" if host else ""


def _hdfs_facts(f: _Facts) -> dict[str, str]:
    default = _default_fs(f)
    named = re.match(r"hdfs://([^/:]+)", default)
    service = f.conf("hdfs-site", "dfs.nameservices")
    if not service and len(f.hosts) > 1 and named:
        service = named[1]
    return {
        "fs.defaultFS": default,
        "dfs.nameservices": service,
        **f.keys("hdfs-site", "dfs.permissions.enabled", "dfs.namenode.acls.enabled"),
    }


def _hdfs(f: _Facts) -> Service:
    match = re.match(r"hdfs://[^/:]+:(\d+)", _default_fs(f))
    port = int(match[1]) if match else f.port("hdfs-site", "dfs.namenode.rpc-address", 8020)
    service = f.service("hdfs", port, "hdfs", properties=_hdfs_facts(f))
    return _named(service, f, "dfs.namenode.rpc-address")


def _webhdfs(f: _Facts) -> Service | None:
    if f.conf("hdfs-site", "dfs.webhdfs.enabled", "true").lower() == "false":
        return None
    new = f.major >= _HADOOP_3
    if f.conf("hdfs-site", "dfs.http.policy").upper() == "HTTPS_ONLY":
        key, default, scheme = "dfs.namenode.https-address", 9871 if new else 50470, "https"
    else:
        key, default, scheme = "dfs.namenode.http-address", 9870 if new else 50070, "http"
    service = f.service(
        "webhdfs",
        f.port("hdfs-site", key, default),
        scheme,
        properties=_hdfs_facts(f),
    )
    return _named(service, f, key)


def _named(service: Service, f: _Facts, key: str) -> Service:
    """Return a service at the NameNodes that a nameservice's own keys name, where they do.

    These are `<key>.<service>.<node>`.
    """
    found: dict[str, Endpoint] = {}
    scheme = service.endpoints[0].scheme if service.endpoints else ""
    for conf in f.cluster.configurations:
        if conf.classification != "hdfs-site":
            continue
        for name, value in conf.properties.items():
            host, _, port = value.rpartition(":")
            if name.startswith(f"{key}.") and host and port.isdigit():
                found[name] = Endpoint(service.name, host, int(port), scheme)
    if not found:
        return service
    named = tuple(found[name] for name in sorted(found))
    return Service(service.name, named, service.version, service.properties)


def _httpfs(f: _Facts) -> Service:
    tls = f.true("httpfs-site", "httpfs.ssl.enabled")
    port = f.port("httpfs-site", "httpfs.http.port", 14000)
    scheme = "https" if tls else "http"
    return f.service("httpfs", port, scheme, properties=_hdfs_facts(f))


def _s3(f: _Facts) -> Service:
    endpoint = f.conf("core-site", "fs.s3a.endpoint") or f.conf("emrfs-site", "fs.s3.endpoint")
    mode = ""
    if f.true("emrfs-site", "fs.s3.cse.enabled"):
        mode = "CSE"
    elif f.true("emrfs-site", "fs.s3.enableServerSideEncryption"):
        key = f.conf("emrfs-site", "fs.s3.serverSideEncryption.kms.keyId")
        mode = f"SSE-KMS {key}" if key else "SSE-S3"
    facts = {
        "region": f.cluster.region,
        "endpoint": endpoint,
        "encryption": mode,
        "consistent_view": f.conf("emrfs-site", "fs.s3.consistent"),
        "security_configuration": f.cluster.security_configuration,
    }
    # S3 is reached with the notebook's own credentials, not through a node
    return Service("s3", properties={k: v for k, v in facts.items() if v})


def _yarn(f: _Facts) -> Service:
    if f.conf("yarn-site", "yarn.http.policy").upper() == "HTTPS_ONLY":
        port = f.port("yarn-site", "yarn.resourcemanager.webapp.https.address", 8090)
        return f.service("yarn", port, "https")
    return f.service("yarn", f.port("yarn-site", "yarn.resourcemanager.webapp.address", 8088))


def _spark_history(f: _Facts) -> Service:
    tls = f.true("spark-defaults", "spark.ssl.historyServer.enabled")
    port = f.port("spark-defaults", "spark.history.ui.port", 18080)
    if tls:
        port = f.port("spark-defaults", "spark.ssl.historyServer.port", 18480)
    return f.service("spark-history", port, "https" if tls else "http")


def _spark_ui(f: _Facts) -> Service:
    if _spark_master(f).startswith("local"):
        port = f.port("spark-defaults", "spark.ui.port", 4040)
        return f.service("spark-ui", port, properties={"via": "driver"})
    # the driver is on any node; YARN's proxy on the primary leads to it
    port = f.port("yarn-site", "yarn.web-proxy.address", 20888)
    return f.service("spark-ui", port, path="/proxy", properties={"via": "yarn-proxy"})


def _hive(f: _Facts) -> Service:
    tls = f.true("hive-site", "hive.server2.use.SSL")
    over_http = f.conf("hive-site", "hive.server2.transport.mode").lower() in ("http", "all")
    facts = {
        "transport": "http" if over_http else "binary",
        "tls": "true" if tls else "",
        **f.keys("hive-site", "hive.server2.authentication", "hive.server2.enable.doAs"),
        "glue": _glue(f, "hive-site"),
        **f.keys("hive-site", "hive.execution.engine"),
    }
    if over_http:
        path = f.conf("hive-site", "hive.server2.thrift.http.path", "cliservice")
        port = f.port("hive-site", "hive.server2.thrift.http.port", 10001)
        return f.service(
            "hive", port, "https" if tls else "http", f"/{path.strip('/')}", properties=facts
        )
    port = f.port("hive-site", "hive.server2.thrift.port", 10000)
    return f.service("hive", port, "thrift", properties=facts)


def _glue(f: _Facts, classification: str) -> str:
    found = f.conf(classification, "hive.metastore.client.factory.class")
    return "true" if found.endswith(_GLUE) else ""


def _presto_like(name: str, prefix: str, dialect: str) -> Callable[[_Facts], Service]:
    def make(f: _Facts) -> Service:
        config = f"{prefix}-config"
        glue = f.conf(f"{prefix}-connector-hive", "hive.metastore").lower() == "glue"
        facts = {"glue": "true" if glue else "", "dialect": dialect}
        if prefix == "prestosql":
            old = f.version.isdigit() and int(f.version) > _X_PRESTO_UNTIL
            facts["dialect"] = "trino" if old else "presto"
        if f.true(config, "http-server.https.enabled"):
            port = f.port(config, "http-server.https.port", 8446)
            return f.service(name, port, "https", properties=facts)
        port = f.port(config, "http-server.http.port", 8889)
        return f.service(name, port, properties=facts)

    return make


def _hbase_rest(f: _Facts) -> Service:
    tls = f.true("hbase-site", "hbase.rest.ssl.enabled")
    port = f.port("hbase-site", "hbase.rest.port", 8070)
    return f.service("hbase-rest", port, "https" if tls else "http")


def _flink(f: _Facts) -> Service:
    # the SQL gateway, which EMR installs but does not start
    port = f.port("flink-conf", "sql-gateway.endpoint.rest.port", 8083)
    tls = f.true("flink-conf", "security.ssl.rest.enabled")
    return f.service("flink", port, "https" if tls else "http")


def _timeline(f: _Facts) -> Service:
    return f.service("timeline", f.port("yarn-site", "yarn.timeline-service.webapp.address", 8188))


_Maker = Callable[[_Facts], Service | None]

# an empty application is on every cluster: EMR puts Hadoop everywhere, listed or not
_MAKERS: tuple[tuple[str, tuple[_Maker, ...]], ...] = (
    ("Livy", (_livy,)),
    ("Hadoop", (_webhdfs, _httpfs, _hdfs, _yarn)),
    ("", (_webhdfs, _httpfs, _hdfs, _yarn, _s3)),
    ("Spark", (_spark_ui, _spark_history)),
    ("Hive", (_hive,)),
    ("Presto", (_presto_like("presto", "presto", "presto"),)),
    ("Trino", (_presto_like("trino", "trino", "trino"),)),
    ("PrestoSQL", (_presto_like("trino", "prestosql", "presto"),)),
    ("HBase", (_hbase_rest,)),
    ("Flink", (_flink,)),
    ("Tez", (_timeline,)),
)
