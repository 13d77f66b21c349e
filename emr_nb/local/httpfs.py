"""HttpFS: HDFS through one port, as EMR runs it on the primary node (14000)."""

from __future__ import annotations

import secrets

from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.http import answers
from emr_nb.local.lockfile import load
from emr_nb.local.plan import Plan, write_site, write_text

USER = "httpfs"  # acts for whoever asks, which core-site.xml allows it

_MAIN = "org.apache.hadoop.fs.http.server.HttpFSServerWebServer"


class HttpFs:
    """The HttpFS server of a local cluster."""

    app = "httpfs"
    parts = ("java", "hdfs", "httpfs")
    needs = ("hdfs",)
    ports = ("httpfs",)
    after = ("hdfs",)  # it is asked for the root folder when it starts

    def prepare(self, plan: Plan) -> None:
        home = plan.folders.conf / "httpfs"
        (home / "temp").mkdir(parents=True, exist_ok=True)
        secret = home / "httpfs-signature.secret"
        if not secret.exists():
            write_text(secret, secrets.token_hex(32))
            secret.chmod(0o600)
        site = {
            "httpfs.http.hostname": "localhost",
            "httpfs.http.port": str(plan.ports["httpfs"]),
            "httpfs.hadoop.config.dir": str(plan.hadoop_conf),
            "httpfs.authentication.signature.secret.file": str(secret),
            "hadoop.http.temp.dir": str(home / "temp"),
        }
        write_site(home / "httpfs-site.xml", site)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        home = plan.folders.conf / "httpfs"
        # its jar comes first: `webapps` is looked for on the class path
        own = [str(jar) for jar in plan.cache.jars("httpfs")]
        jars = ":".join(
            [*own, str(home), str(plan.hadoop_conf), *map(str, plan.cache.jars("hdfs"))]
        )
        flags = (
            *("-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dproc_httpfs"),
            *(f"-Dhttpfs.{name}.dir={home}" for name in ("home", "config", "log")),
            f"-Dhttpfs.temp.dir={home / 'temp'}",
        )
        url = f"http://localhost:{plan.ports['httpfs']}/webhdfs/v1/?op=GETFILESTATUS"

        def ready() -> bool:
            return answers(f"{url}&user.name={USER}") is not None

        return (
            DaemonSpec(
                name=self.app,
                app=self.app,
                command=plan.java(_MAIN, jars, *flags),
                log=plan.folders.log(self.app),
                root=plan.folders.root,
                ready=ready,
                environment=plan.environment(USER),
            ),
        )

    def settle(self, plan: Plan) -> None:
        """Nothing is to be laid out."""


def version() -> str:
    """Return the version of the server."""
    return load("httpfs").version
