"""HDFS: a real NameNode and DataNode, permissions and ACLs on, run as user `hdfs`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from emr_nb.errors import DaemonDiedError, DeadlineExceededError, LocalClusterError
from emr_nb.local.daemon import DaemonSpec, clean_environment, tail
from emr_nb.local.http import answers, call
from emr_nb.local.own import own_settings
from emr_nb.local.plan import Plan, write_site
from emr_nb.local.processes import MARKER

_OPEN_SECONDS = 60.0
_LOOK_SECONDS = 0.1
SUPERUSER = "hdfs"
SUPERGROUP = "hdfsadmingroup"  # as on EMR

_MAIN = "org.apache.hadoop.hdfs.server"
DATANODE_MAIN = f"{_MAIN}.datanode.DataNode"
_LOG4J = """log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
"""


class Hdfs:
    """The NameNode and the DataNode of a local cluster."""

    app = "hdfs"
    parts = ("java", "hdfs")
    needs = ()
    ports = (
        *("namenode-rpc", "namenode-http", "namenode-https"),
        *("datanode", "datanode-http", "datanode-ipc"),
    )

    def prepare(self, plan: Plan) -> None:
        conf = plan.hadoop_conf
        # the jar has no web pages, and the daemons do not start without these folders
        for page in ("hdfs", "datanode", "secondary", "static", "logs"):
            (conf / "webapps" / page).mkdir(parents=True, exist_ok=True)
        write_site(conf / "hdfs-site.xml", hdfs_site(plan) | own_settings("EMR_NB_HDFS_SITE"))
        (conf / "log4j.properties").write_text(_LOG4J)
        if not (plan.folders.data / "hdfs/name/current/VERSION").exists():
            self._format(plan)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        def namenode() -> bool:
            return bool(state_of(plan))

        def datanode() -> bool:
            told = state_of(plan)
            return is_serving(plan, "datanode", told) and told["safe_mode"] == ""

        return (
            daemon_spec(plan, self.app, "namenode", f"{_MAIN}.namenode.NameNode", namenode),
            daemon_spec(plan, self.app, "datanode", DATANODE_MAIN, datanode),
        )

    def settle(self, plan: Plan) -> None:
        """Lay out the folders as EMR does, each owned by its user."""
        _await_open(plan)
        folders = {
            "/tmp": ("1777", SUPERUSER, SUPERGROUP),  # noqa: S108 - HDFS's, not this machine's
            "/user": ("755", SUPERUSER, SUPERGROUP),
            "/user/hadoop": ("755", "hadoop", "hadoop"),
            "/user/livy": ("755", "livy", "livy"),
            f"/user/{plan.user}": ("755", plan.user, plan.user),
            "/user/spark": ("777", "spark", "spark"),
            "/user/spark/warehouse": ("1777", "spark", "spark"),
            "/var/log/spark/apps": ("1777", SUPERUSER, "spark"),
        }
        make_folders(plan, folders)

    def _format(self, plan: Plan) -> None:
        """Make an empty file system."""
        log = plan.folders.log("namenode-format")
        log.parent.mkdir(parents=True, exist_ok=True)
        command = plan.java(
            f"{_MAIN}.namenode.NameNode", _classpath(plan), "-Xmx128m", "-XX:TieredStopAtLevel=1"
        )
        marker = {MARKER: str(plan.folders.root)}
        with log.open("wb") as output:
            done = subprocess.run(
                [*command, "-format", "-nonInteractive", "-force"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment() | plan.environment(SUPERUSER) | marker,
                cwd=plan.folders.root,
                start_new_session=True,
                timeout=120,
                check=False,
            )
        if done.returncode:
            raise DaemonDiedError(
                f"HDFS could not be formatted; the last log lines:\n{tail(log)}",
                where=str(log),
                advice="Check the space on the disk and start again.",
            )


def daemon_spec(
    plan: Plan,
    app: str,
    name: str,
    main: str,
    ready: Callable[[], bool],
    options: tuple[str, ...] = (),
) -> DaemonSpec:
    """Return how to run one of HDFS's daemons; `options` follow its main class."""
    flags = ("-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Dproc_{name}")
    return DaemonSpec(
        name=name,
        app=app,
        command=(*plan.java(main, _classpath(plan), *flags), *options),
        log=plan.folders.log(name),
        root=plan.folders.root,
        ready=ready,
        environment=plan.environment(SUPERUSER),
    )


def state_of(plan: Plan) -> dict[str, str]:
    """Return the NameNode's `live` nodes (JSON text) and `safe_mode`; empty before it answers."""
    url = f"http://localhost:{plan.ports['namenode-http']}/jmx"
    bean = _bean(f"{url}?qry=Hadoop:service=NameNode,name=NameNodeInfo")
    if not bean:
        return {}
    return {"live": str(bean.get("LiveNodes", "")), "safe_mode": str(bean.get("Safemode", "?"))}


def _await_open(plan: Plan) -> None:
    """Wait until the NameNode takes changes; one that was started again waits for DataNodes."""
    give_up = time.monotonic() + _OPEN_SECONDS
    while state_of(plan).get("safe_mode") != "":
        if time.monotonic() > give_up:
            raise DeadlineExceededError(
                f"HDFS was still in safe mode after {_OPEN_SECONDS:.0f} s",
                where=str(plan.folders.log("namenode")),
                advice="See `emr-nb local logs namenode`.",
            )
        time.sleep(_LOOK_SECONDS)


def is_serving(plan: Plan, name: str, told: dict[str, str]) -> bool:
    """Whether a DataNode and the NameNode both say that it takes part.

    The NameNode alone takes one that has died for alive until it is long overdue.
    """
    url = f"http://localhost:{plan.ports[f'{name}-http']}/jmx"
    bean = _bean(f"{url}?qry=Hadoop:service=DataNode,name=DataNodeInfo")
    registered = '"RUNNING"' in str(bean.get("BPServiceActorInfo", ""))
    return registered and f":{plan.ports[name]}" in told.get("live", "")


def hdfs_site(plan: Plan) -> dict[str, str]:
    """Return hdfs-site.xml: our ports, one replica, everything reachable as localhost."""
    ports, data = plan.ports, plan.folders.data / "hdfs"
    return {
        "dfs.namenode.name.dir": (data / "name").as_uri(),
        "dfs.datanode.data.dir": (data / "data").as_uri(),
        "dfs.namenode.rpc-address": f"localhost:{ports['namenode-rpc']}",
        "dfs.namenode.http-address": f"localhost:{ports['namenode-http']}",
        "dfs.namenode.https-address": f"localhost:{ports['namenode-https']}",
        "dfs.datanode.address": f"localhost:{ports['datanode']}",
        "dfs.datanode.http.address": f"localhost:{ports['datanode-http']}",
        "dfs.datanode.ipc.address": f"localhost:{ports['datanode-ipc']}",
        "dfs.datanode.hostname": "localhost",
        "dfs.client.use.datanode.hostname": "true",
        "dfs.replication": "1",  # as EMR sets it for fewer than four core nodes
        "dfs.webhdfs.enabled": "true",
        "dfs.permissions.enabled": "true",
        "dfs.namenode.acls.enabled": "true",
        "dfs.permissions.superusergroup": SUPERGROUP,
        "dfs.namenode.safemode.extension": "0",
        "dfs.namenode.safemode.min.datanodes": "1",
        "dfs.heartbeat.interval": "1",
        # a laptop's disk may be nearly full; a reserve of some GB would refuse every write
        "dfs.datanode.du.reserved": "0",
        "dfs.namenode.resource.du.reserved": "10485760",
    }


def make_folders(plan: Plan, folders: Mapping[str, tuple[str, str, str]]) -> None:
    """Make folders as the superuser, by path: mode, owner and group; raises LocalClusterError."""
    for path, (mode, owner, group) in folders.items():
        operations = [
            f"MKDIRS&permission={mode}",
            f"SETOWNER&owner={quote(owner)}&group={quote(group)}",
        ]
        if mode != "755":  # MKDIRS takes it through the umask
            operations.append(f"SETPERMISSION&permission={mode}")
        for operation in operations:
            change(plan, path, operation)


def change(plan: Plan, path: str, operation: str) -> None:
    """Do one operation of WebHDFS as the superuser; raises LocalClusterError."""
    url = f"http://127.0.0.1:{plan.ports['namenode-http']}/webhdfs/v1{quote(path)}"
    try:
        call("PUT", f"{url}?op={operation}&user.name={SUPERUSER}", seconds=20)
    except OSError as error:
        raise LocalClusterError(
            f"HDFS would not change {path}: {error}",
            where=url,
            advice="See `emr-nb local logs namenode`.",
        ) from error


def _classpath(plan: Plan) -> str:
    jars = (str(jar) for jar in plan.cache.jars("hdfs"))
    return ":".join([str(plan.hadoop_conf), *jars])


def _bean(url: str) -> dict[str, Any]:
    reply = answers(url) or {}
    beans = reply.get("beans") or [{}]
    found: dict[str, Any] = beans[0]
    return found
