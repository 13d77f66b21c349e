"""Developer's command that writes the lock files: `python -m emr_nb.local.make_locks [PART…]`.

Needs `jgo` (the `dev` extra). It resolves each set against Maven Central, leaves out what the
daemons were seen to run without, downloads every file once and writes checksum and size.
A coordinate is of a jar unless its packaging follows an `@`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from emr_nb.local.fetch import repository_url, verify_context
from emr_nb.local.lockfile import Lock, LockedFile, load

_AWS_SDK = "1.12.262"  # what Hadoop 3.3.4's S3A was built with
_PRESTOSQL = "350"
_TRINO = "476"  # the newest whose server is published as separate parts there


@dataclass(frozen=True)
class Recipe:
    """What to resolve (`roots`, with their dependencies), add as is, and leave out.

    `beside` names the set whose files stand on the same class path and are left out too.
    """

    version: str
    roots: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    beside: str = ""


_NETTY = (  # natives, and protocols that no daemon of ours speaks
    *(f"io.netty:netty-{kind}:*" for kind in ("*native*", "*kqueue*", "*macos*")),
    *(
        f"io.netty:netty-codec-{protocol}:*"
        for protocol in (
            *("dns", "haproxy", "http2", "memcache", "mqtt"),
            *("redis", "smtp", "socks", "stomp", "xml"),
        )
    ),
    *(f"io.netty:netty-transport-{kind}:*" for kind in ("rxtx", "sctp", "udt")),
    *("io.netty:netty-handler-proxy:*", "io.netty:netty-resolver-dns:*"),
    "io.netty:netty-handler-ssl-ocsp:*",
)
_TESTS = ("org.mockito:*", "net.bytebuddy:*", "org.objenesis:*")  # tests of a dependency
_HDFS_ROOTS = tuple(
    f"org.apache.hadoop:{name}:3.4.2"
    for name in ("hadoop-common", "hadoop-hdfs", "hadoop-hdfs-client")
)


def _each(group: str, version: str, *artifacts: str) -> tuple[str, ...]:
    """Return the coordinates of artifacts that share group and version."""
    return tuple(f"{group}:{artifact}:{version}" for artifact in artifacts)


# Hive's own POMs name repositories that are gone and versions that do not run on Java 17, so
# its sets are exact lists: the metastore's, and what HiveServer2 needs beside those
_METASTORE = (
    *_each("org.apache.hive", "3.1.3", "hive-standalone-metastore"),
    # Tez 0.10.4 runs on no older one
    *_each("org.apache.hadoop", "3.3.6", "hadoop-client-api", "hadoop-client-runtime"),
    "org.apache.hadoop:hadoop-aws:3.3.6",  # in place of the one in the set s3a
    *_each("com.fasterxml.jackson.core", "2.12.0", "jackson-core", "jackson-annotations"),
    "com.fasterxml.jackson.core:jackson-databind:2.12.0",
    "com.github.joshelser:dropwizard-metrics-hadoop-metrics2-reporter:0.1.2",
    *_each("io.dropwizard.metrics", "3.1.0", "metrics-core", "metrics-jvm", "metrics-json"),
    *("com.google.guava:guava:19.0", "com.google.code.gson:gson:2.10.1"),
    "com.google.protobuf:protobuf-java:3.24.4",
    *("com.jolbox:bonecp:0.8.0.RELEASE", "com.zaxxer:HikariCP:2.6.1"),
    *("commons-dbcp:commons-dbcp:1.4", "commons-pool:commons-pool:1.5.4"),
    *("commons-cli:commons-cli:1.5.0", "commons-codec:commons-codec:1.15"),
    *("commons-collections:commons-collections:3.2.2", "commons-lang:commons-lang:2.6"),
    *("commons-beanutils:commons-beanutils:1.9.4", "commons-logging:commons-logging:1.1.3"),
    *("org.apache.commons:commons-lang3:3.2", "javolution:javolution:5.5.1"),
    "org.antlr:antlr-runtime:3.5.2",
    *("org.apache.derby:derby:10.10.2.0", "org.apache.hive:hive-storage-api:2.7.0"),
    *_each("org.apache.logging.log4j", "2.18.0", "log4j-api", "log4j-core", "log4j-1.2-api"),
    *("org.apache.logging.log4j:log4j-slf4j-impl:2.18.0", "org.slf4j:slf4j-api:1.7.36"),
    *_each("org.apache.thrift", "0.9.3", "libfb303", "libthrift"),
    *("org.apache.httpcomponents:httpclient:4.5.13", "org.apache.httpcomponents:httpcore:4.4.13"),
    *("org.datanucleus:datanucleus-api-jdo:4.2.4", "org.datanucleus:datanucleus-core:4.1.17"),
    *("org.datanucleus:datanucleus-rdbms:4.1.19", "org.datanucleus:javax.jdo:3.2.0-m3"),
    *("javax.transaction:transaction-api:1.1", "org.xerial.snappy:snappy-java:1.1.8.2"),
    "joda-time:joda-time:2.9.9",  # the SDK of the set s3a
)
_HIVESERVER = (
    *_each("org.apache.hive", "3.1.3", "hive-exec", "hive-service", "hive-service-rpc"),
    *_each("org.apache.hive", "3.1.3", "hive-common", "hive-metastore", "hive-llap-server"),
    *_each("org.apache.hive", "3.1.3", "hive-llap-tez", "hive-llap-client", "hive-llap-common"),
    *_each("org.apache.tez", "0.10.4", "tez-api", "tez-common", "tez-dag", "tez-mapreduce"),
    *_each("org.apache.tez", "0.10.4", "tez-runtime-internals", "tez-runtime-library"),
    *("org.apache.tez:hadoop-shim:0.10.4", "org.apache.hadoop:hadoop-hdfs:3.3.6"),
    *_each("org.apache.curator", "2.13.0", "curator-framework", "curator-client"),
    *("org.apache.curator:curator-recipes:2.13.0", "org.apache.zookeeper:zookeeper:3.4.14"),
    *("org.jamon:jamon-runtime:2.4.1", "org.eclipse.jetty:jetty-runner:9.3.20.v20170531"),
    *("org.apache.commons:commons-math3:3.6.1", "commons-io:commons-io:2.11.0"),
    *("com.lmax:disruptor:3.4.4", "org.apache.commons:commons-collections4:4.4"),
    *("org.antlr:ST4:4.0.4", "org.apache.commons:commons-compress:1.26.0"),
    *_each("org.codehaus.janino", "3.0.11", "janino", "commons-compiler"),
    "org.codehaus.jettison:jettison:1.1",
    *("org.roaringbitmap:RoaringBitmap:0.7.45", "org.slf4j:jcl-over-slf4j:1.7.36"),
    "org.apache.avro:avro:1.8.2",
    *_each("org.codehaus.jackson", "1.9.13", "jackson-mapper-asl", "jackson-core-asl"),
    "org.apache.ivy:ivy:2.4.0",
    *_each("com.sun.jersey", "1.19", "jersey-client", "jersey-core", "jersey-json"),
    *("javax.ws.rs:jsr311-api:1.1.1", "javax.xml.bind:jaxb-api:2.3.1"),
    "org.asynchttpclient:async-http-client:2.12.3",
    *_each("org.apache.calcite", "1.16.0", "calcite-core", "calcite-linq4j", "calcite-druid"),
    *("org.apache.calcite.avatica:avatica:1.11.0", "io.netty:netty-all:4.1.100.Final"),
    "ch.qos.reload4j:reload4j:1.2.25",  # Tez needs a ThreadLocalMap that log4j-1.2-api lacks
)

RECIPES = {
    "hdfs": Recipe(
        "3.4.2",
        roots=_HDFS_ROOTS,
        exact=("org.slf4j:slf4j-reload4j:1.7.36",),  # without it the daemons log nothing
        without=(
            *_NETTY,
            *_TESTS,
            "org.fusesource.leveldbjni:*",  # the NameNode's alias map, off
            "com.google.guava:listenablefuture:*",  # an empty jar
        ),
    ),
    "yarn": Recipe(
        "3.4.2",
        roots=(
            *_HDFS_ROOTS,  # so that the versions are those of the set beside
            *(
                f"org.apache.hadoop:hadoop-yarn-server-{name}:3.4.2"
                # the ResourceManager loads a class of the timeline service even with it off
                for name in ("resourcemanager", "nodemanager", "timelineservice")
            ),
        ),
        without=(
            *_NETTY,
            *_TESTS,
            "com.google.guava:listenablefuture:*",  # an empty jar
            "org.fusesource.leveldbjni:*",  # state that outlives a daemon, off
            # federation of several clusters, off
            *("com.microsoft.sqlserver:*", "com.zaxxer:*", "org.ehcache:*", "javax.cache:*"),
            "de.ruedigermoeller:*",
            "*:jsonschema2pojo-core:*",
            "com.sun.codemodel:*",
            "net.java.dev.jna:*",
        ),
        beside="hdfs",
    ),
    "httpfs": Recipe(
        "3.4.2",
        # what else it needs is in the set beside; its own set has old duplicates of those
        exact=(
            "org.apache.hadoop:hadoop-hdfs-httpfs:3.4.2",
            "com.googlecode.json-simple:json-simple:1.1.1",
        ),
        beside="hdfs",
    ),
    "livy": Recipe(
        "0.7.1-incubating",
        roots=("org.apache.livy:livy-server:0.7.1-incubating",),
        # the Hadoop client comes from Spark's own jars
        without=("junit:*", "org.spark-project.spark:unused:*", "jline:*"),
    ),
    "s3a": Recipe(
        "3.3.4",
        exact=(
            "org.apache.hadoop:hadoop-aws:3.3.4",
            *(
                f"com.amazonaws:aws-java-sdk-{name}:{_AWS_SDK}"
                for name in ("core", "s3", "kms", "dynamodb", "sts")
            ),
            f"com.amazonaws:jmespath-java:{_AWS_SDK}",
            "software.amazon.ion:ion-java:1.0.2",
            "com.fasterxml.jackson.dataformat:jackson-dataformat-cbor:2.12.6",
            "org.wildfly.openssl:wildfly-openssl:1.0.7.Final",
        ),
    ),
    "metastore": Recipe("3.1.3", exact=_METASTORE),
    "hive": Recipe("3.1.3", exact=_HIVESERVER),
    "ecj": Recipe("3.36.0", exact=("org.eclipse.jdt:ecj:3.36.0",)),
    "trino": Recipe(
        _TRINO,
        exact=(
            f"io.trino:trino-server-core:{_TRINO}@tar.gz",
            *(f"io.trino:trino-{plugin}:{_TRINO}@zip" for plugin in ("tpch", "memory")),
        ),
    ),
    # the last version that speaks X-Presto-* headers alone; unpacked to what we use of it
    "prestosql": Recipe(_PRESTOSQL, exact=(f"io.prestosql:presto-server:{_PRESTOSQL}@tar.gz",)),
    "trino-hive": Recipe(
        _TRINO,
        exact=(
            f"io.trino:trino-hive:{_TRINO}@zip",
            # the part that reads HDFS is published apart, and not for every version
            "io.trino:trino-hdfs:474@zip",
        ),
    ),
}


def resolve(recipe: Recipe) -> list[str]:
    """Return the coordinates of a recipe, in class-path order."""
    found = list(recipe.exact)
    if recipe.roots:
        import jgo

        for artifact in jgo.resolve("+".join(recipe.roots)):
            parts = [artifact.groupId, artifact.artifactId, artifact.version]
            found.append(":".join([*parts, *filter(None, [artifact.classifier])]))
    have = {file.coordinate for file in load(recipe.beside).files} if recipe.beside else set()
    kept = [c for c in found if c not in have]
    return [c for c in kept if not any(fnmatch(c, pattern) for pattern in recipe.without)]


def measure(coordinate: str) -> LockedFile:
    """Download one file and return its lock entry."""
    import httpx2

    coordinate, _, packaging = coordinate.partition("@")
    blank = LockedFile(coordinate, packaging or "jar", "", 0)
    digest, size = hashlib.sha256(), 0
    url = f"{repository_url()}/{blank.path}"
    context = verify_context()
    with httpx2.stream("GET", url, verify=context, timeout=120, follow_redirects=True) as reply:
        reply.raise_for_status()
        for chunk in reply.iter_raw():
            digest.update(chunk)
            size += len(chunk)
    return LockedFile(coordinate, blank.packaging, digest.hexdigest(), size)


def main(parts: Iterable[str]) -> None:
    """Write the lock files of the given part sets, or of all."""
    folder = Path(__file__).parent / "locks"
    for part in list(parts) or list(RECIPES):
        recipe = RECIPES[part]
        with ThreadPoolExecutor(6) as pool:
            files = tuple(pool.map(measure, resolve(recipe)))
        lock = Lock(part, recipe.version, files)
        (folder / f"{part}.json").write_text(lock.to_json(), encoding="utf-8")
        sys.stdout.write(f"{part}: {len(files)} files, {lock.size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
