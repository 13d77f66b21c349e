"""Hive: a metastore on Derby and HiveServer2, both run as user `hive`, doAs on.

HiveServer2 3.1.3 does not run on Java 17 as it is published; `hive_java` has our launcher
and the four classes that stand before its own. Three of these part what jobs in one process
share in Hive's: the contexts of their reads, the plans that tasks have read, and the flag by
which a job that has rows enough ended the reading of all others.
"""

from __future__ import annotations

import socket
from pathlib import Path

from emr_nb.engines.hive.client import HiveClient
from emr_nb.engines.hive.service import Handle, open_session
from emr_nb.engines.hive.wire import Login
from emr_nb.errors import TransportError
from emr_nb.local.compiling import JavaSources
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.hdfs import change, make_folders
from emr_nb.local.hive_conf import SCRATCH, USER, WAREHOUSE, metastore_site, server_site
from emr_nb.local.lockfile import load
from emr_nb.local.parts import Cache
from emr_nb.local.plan import Plan, write_site
from emr_nb.model import Endpoint, Service
from emr_nb.transport.direct import DirectRoute

_METASTORE = "org.apache.hadoop.hive.metastore.HiveMetaStore"
_SERVER = "org.apache.hive.service.server.HiveServer2"
_ASK_SECONDS = 20.0
_OPEN = tuple(
    f"--add-opens={module}=ALL-UNNAMED"
    for module in (
        *("java.base/java.util.regex", "java.base/java.time", "java.base/java.text"),
        "java.sql/java.sql",
    )
)
_LOG4J = """status = WARN
name = Hive
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p [%t] %c{2}: %m%n
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
logger.datanucleus.name = DataNucleus
logger.datanucleus.level = ERROR
"""


class Hive:
    """The metastore and HiveServer2 of a local cluster."""

    app = "hive"
    parts = ("java", "metastore", "hive", "s3a", "ecj")
    needs = ("hdfs",)
    after = ("hdfs",)
    ports = ("metastore", "hive")

    def prepare(self, plan: Plan) -> None:
        """Lay out the warehouse; both daemons look for it as soon as they start."""
        for conf, name, site in (
            (metastore_home(plan), "metastore-site.xml", metastore_site(plan)),
            (server_home(plan), "hive-site.xml", server_site(plan)),
        ):
            write_site(conf / name, site)
            (conf / "hive-log4j2.properties").write_text(_LOG4J)
        (plan.folders.data / "hive").mkdir(parents=True, exist_ok=True)
        make_folders(
            plan,
            {
                "/user/hive": ("755", USER, USER),
                # not sticky: whoever may drop a table in the metastore must be able to remove
                # its folder, which else stays behind a DROP that says OK
                WAREHOUSE: ("777", USER, USER),
                SCRATCH: ("1777", USER, USER),
            },
        )
        # one table for all engines: what one user of these makes, the others may write
        writers = dict.fromkeys((USER, "livy", "trino", plan.user))
        change(plan, WAREHOUSE, "MODIFYACLENTRIES&aclspec=" + _acl(tuple(writers)))

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        launcher = launcher_jar(plan.cache)
        return self.metastore(plan, launcher), self.server(plan, launcher)

    def settle(self, plan: Plan) -> None:
        """Nothing to do: the folders are there before the daemons."""

    def metastore(self, plan: Plan, launcher: Path) -> DaemonSpec:
        """Return the metastore's daemon."""
        port = plan.ports["metastore"]
        main = (_METASTORE, "-p", str(port))
        confs = (metastore_home(plan), plan.hadoop_conf)
        # a filter on partitions comes as an expression of hive-exec's classes
        jars = (launcher, *_jars(plan, "metastore"), *_query_jars(plan))
        flags = ("-Xmx384m", "-XX:TieredStopAtLevel=1", *_OPEN, *_properties(metastore_home(plan)))
        return DaemonSpec(
            name="metastore",
            app=self.app,
            command=(*plan.java(main[0], _path(*confs, *jars), *flags), *main[1:]),
            log=plan.folders.log("metastore"),
            root=plan.folders.root,
            ready=lambda: listens(port),
            environment=_environment(plan),
        )

    def server(self, plan: Plan, launcher: Path) -> DaemonSpec:
        """Return HiveServer2's daemon, which waits for the metastore."""
        port = plan.ports["hive"]
        jars = (launcher, *_jars(plan, "metastore", "hive"))  # ours before Hive's own classes
        flags = (
            *("-Xmx768m", "-XX:TieredStopAtLevel=1", *_OPEN, *_properties(server_home(plan))),
            f"-Dlaunch.await=localhost:{plan.ports['metastore']}",
            f"-Dlaunch.path={_path(server_home(plan), plan.hadoop_conf, *jars)}",
            f"-Djava.io.tmpdir={_temporary(plan)}",
        )
        return DaemonSpec(
            name="hiveserver2",
            app=self.app,
            command=(*plan.java("HiveLauncher", str(launcher), *flags), _SERVER),
            log=plan.folders.log("hiveserver2"),
            root=plan.folders.root,
            ready=lambda: opens_session(port),
            environment=_environment(plan),
        )


def version() -> str:
    """Return the version of HiveServer2 that the lock names."""
    return load("hive").version


def metastore_home(plan: Plan) -> Path:
    """Return the metastore's configuration folder."""
    return plan.folders.conf / "metastore"


def server_home(plan: Plan) -> Path:
    """Return HiveServer2's configuration folder."""
    return plan.folders.conf / "hive"


def launcher_jar(cache: Cache) -> Path:
    """Return the jar of our Java sources; raises LocalClusterError when they do not compile."""
    sources = JavaSources(
        title="The launcher of HiveServer2",
        name="hive",
        folder=Path(__file__).parent / "hive_java",
        against=("hive", "metastore"),
        classpath=(*cache.jars("hive"), *cache.jars("metastore")),
    )
    return sources.jar(cache)


def listens(port: int) -> bool:
    """Tell whether something takes connections on this port of the machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0):
            return True
    except OSError:
        return False


def opens_session(port: int) -> bool:
    """Tell whether HiveServer2 opens a session, which takes its metastore and HDFS too."""
    if not listens(port):
        return False
    service = Service("hive", (Endpoint("hive", "127.0.0.1", port, "thrift"),))
    client = HiveClient(DirectRoute(), service, Login(USER), _ASK_SECONDS)
    try:
        reply = client.call("OpenSession", open_session(USER, "none", {}))
        if reply.status.failed:
            return False
        client.call("CloseSession", [Handle.read(reply.body[3]).session()])
    except TransportError:
        return False
    finally:
        client.close()
    return True


def _jars(plan: Plan, *parts: str) -> list[Path]:
    # the metastore's first: Tez needs its protobuf, and hive-exec has an old one inside; its
    # S3A is that of its Hadoop client, whose AWS library is the set s3a's
    s3a = [jar for jar in plan.cache.jars("s3a") if not jar.name.startswith("hadoop-aws-")]
    return [*(jar for part in parts for jar in plan.cache.jars(part)), *s3a]


def _query_jars(plan: Plan) -> list[Path]:
    wanted = ("hive-exec-", "hive-common-")
    return [jar for jar in plan.cache.jars("hive") if jar.name.startswith(wanted)]


def _acl(users: tuple[str, ...]) -> str:
    """Return the ACL that every new table inherits."""
    entries = ["user::rwx", *(f"user:{user}:rwx" for user in users), "group::r-x", "other::r-x"]
    return ",".join(f"default:{entry}" for entry in entries)


def _temporary(plan: Plan) -> Path:
    folder = plan.folders.data / "hive" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _environment(plan: Plan) -> dict[str, str]:
    """Return the variables; the user is a property (`_properties`).

    As a variable Hive would take it for the user of every session.
    """
    return {k: v for k, v in plan.environment(USER).items() if k != "HADOOP_USER_NAME"}


def _properties(conf: Path) -> tuple[str, ...]:
    file = conf / "hive-log4j2.properties"
    return (
        f"-DHADOOP_USER_NAME={USER}",
        f"-Dlog4j.configurationFile={file}",
        f"-Dhive.log4j.file={file}",
        "-Dlog4j2.formatMsgNoLookups=true",
        f"-Dderby.stream.error.file={conf / 'derby.log'}",
    )


def _path(*entries: Path) -> str:
    # a URL of a folder must end with a slash, and Java adds it where the folder is there
    return ":".join(map(str, entries))
