"""What every service of a local cluster is given: folders, parts, ports and names."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from xml.sax.saxutils import escape

from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.parts import Cache
from emr_nb.local.state import Folders

_PACKAGES = (
    *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio"),
    *("java.util", "java.util.concurrent", "java.util.concurrent.atomic"),
    *("sun.nio.ch", "sun.nio.cs", "sun.security.action"),
)
# Hadoop 3 and Livy's Kryo reach into the JDK; without java.util.concurrent.atomic the first
# Livy statement closes its channel
OPEN_MODULES = (
    *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _PACKAGES),
    "--add-exports=java.base/sun.net.dns=ALL-UNNAMED",
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
)


@dataclass(frozen=True)
class Plan:
    """One local cluster to be: its name, who uses it, where everything is and listens."""

    name: str
    user: str
    folders: Folders
    cache: Cache
    ports: Mapping[str, int]
    apps: tuple[str, ...]

    @property
    def hadoop_conf(self) -> Path:
        """The folder that HDFS, Livy and Spark read Hadoop's configuration from."""
        return self.folders.conf / "hadoop"

    @property
    def bucket(self) -> str:
        """The S3 bucket that every local cluster has."""
        return f"emr-nb-{self.name.lower().replace('_', '-')}"

    @property
    def default_fs(self) -> str:
        return f"hdfs://localhost:{self.ports['namenode-rpc']}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['aws']}"

    def java(self, main: str, classpath: str, *flags: str) -> tuple[str, ...]:
        """Return the command of a JVM of ours."""
        java = str(self.cache.java() / "bin" / "java")
        common = ("-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true", *OPEN_MODULES)
        return (java, *common, *flags, "-cp", classpath, main)

    def environment(self, user: str) -> dict[str, str]:
        """Return the variables of a daemon that runs as `user`."""
        return {
            "HADOOP_USER_NAME": user,
            "HADOOP_CONF_DIR": str(self.hadoop_conf),
            "JAVA_HOME": str(self.cache.java()),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }


class LocalService(Protocol):
    """One application of the local cluster."""

    @property
    def app(self) -> str: ...
    @property
    def parts(self) -> tuple[str, ...]:
        """Part sets of the cache."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Applications that must be chosen with it."""
        ...

    @property
    def ports(self) -> tuple[str, ...]:
        """Uses of ports, each with a name of its own."""
        ...

    def prepare(self, plan: Plan) -> None:
        """Write configuration and make ready what the daemons need."""
        ...

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        """Return the daemons, which start at the same time."""
        ...

    def settle(self, plan: Plan) -> None:
        """Do what needs the running daemons: folders, users, registration."""
        ...


@runtime_checkable
class StartsAfter(Protocol):
    """A service that begins only when other applications are ready; optional."""

    @property
    def after(self) -> tuple[str, ...]:
        """Applications whose folders and daemons it looks for as soon as it starts."""
        ...


def write_site(path: Path, properties: Mapping[str, str]) -> None:
    """Write a Hadoop `*-site.xml`."""
    rows = "".join(
        f" <property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in properties.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, f"<configuration>\n{rows}</configuration>\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole: a running cluster's daemons and sessions may be reading it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def python_path() -> str:
    """Return a PYTHONPATH by which a Python child finds this package wherever it starts."""
    return os.pathsep.join(
        filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    )
