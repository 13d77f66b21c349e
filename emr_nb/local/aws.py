"""The AWS APIs and S3 of a local cluster: a server of ours over moto, and its own entry in it."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from emr_nb.errors import MissingExtraError
from emr_nb.local.conf import ACCESS_KEY, REGION, SECRET_KEY
from emr_nb.local.daemon import DaemonSpec
from emr_nb.local.http import listens
from emr_nb.local.plan import Plan, python_path

if TYPE_CHECKING:
    pass

_PATIENCE = 20.0


class Aws:
    """The server of AWS APIs of a local cluster."""

    app = "aws"
    parts = ()
    needs = ()
    ports = ("aws",)

    def prepare(self, plan: Plan) -> None:
        """Make the server's folder; raises MissingExtraError where moto is not installed."""
        require_moto()
        (plan.folders.data / "aws").mkdir(parents=True, exist_ok=True)

    def daemons(self, plan: Plan) -> tuple[DaemonSpec, ...]:
        port = plan.ports["aws"]
        options = ("--port", str(port), "--state-dir", str(plan.folders.data / "aws"))
        spec = DaemonSpec(
            name="aws",
            app=self.app,
            command=(sys.executable, "-m", "emr_nb.local.aws_server", *options),
            log=plan.folders.log("aws"),
            root=plan.folders.root,
            ready=lambda: listens(port),
            environment={
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": REGION,
                "PYTHONPATH": python_path(),
            },
        )
        return (spec,)

    def settle(self, plan: Plan) -> None:
        """Make the bucket; the cluster's entry follows when all applications are known."""
        client("s3", plan.aws_url).create_bucket(Bucket=plan.bucket)


def require_moto() -> None:
    """Raise MissingExtraError where the `local` extra is not installed."""
    missing = [name for name in ("moto", "flask") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"The local cluster needs {' and '.join(missing)}",
            where=sys.executable,
            advice="pip install 'emr-nb[local]'",
        )


def client(service: str, endpoint_url: str) -> Any:
    """Return a boto3 client of the local AWS APIs, whatever profile the user has."""
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    )
    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"total_max_attempts": 1},  # an action that is missing answers 500
        s3={"addressing_style": "path"},
        proxies={},
    )
    make: Any = session.client  # its overloads name every service there is
    return make(service, endpoint_url=endpoint_url, config=config)
