"""The Python child's join to the driver's Spark context. Parses as Python 3.7."""

import base64
import collections
import os
import pickle
import shutil
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

from livy_packages import Packages

# below the sources of this interpreter, which the driver deletes when it has ended
PACKAGES = str(Path(__file__).resolve().parent / "packages")


class JobContext:
    """What a Python job uploaded to Livy is called with."""

    def __init__(self, names: "dict[str, Any]", local_tmp_dir: str) -> None:
        self.sc = names["sc"]
        self.sql_ctx = names["sqlContext"]
        self.spark_session = names.get("spark")
        self.local_tmp_dir_path = local_tmp_dir
        self._shared = collections.OrderedDict()
        self._lock = threading.Lock()

    def get_local_tmp_dir_path(self) -> str:
        return self.local_tmp_dir_path

    def get_shared_object(self, name: str) -> Any:
        with self._lock:
            return self._shared.get(name)

    def set_shared_object(self, name: str, value: Any) -> None:
        with self._lock:
            self._shared[name] = value
            while len(self._shared) > 100:
                self._shared.popitem(last=False)

    def remove_shared_object(self, name: str) -> None:
        with self._lock:
            self._shared.pop(name, None)


class JobProcessor:
    """Called by the driver over py4j, beside running statements."""

    def __init__(self, names: "dict[str, Any]", context: JobContext) -> None:
        self._names = names
        self._context = context

    def processBypassJob(self, serialized_job: bytes) -> bytearray:  # noqa: N802 - a Java interface's name
        try:
            job = pickle.loads(serialized_job, encoding="bytes")  # noqa: S301 - the user's own
            result = self._names["cloudpickle"].dumps(job(self._context))
            return bytearray(base64.b64encode(result))
        except BaseException:  # noqa: BLE001 - the driver raises it
            return bytearray("Client job error:" + traceback.format_exc(), "utf-8")

    def addFile(self, path: str) -> None:  # noqa: N802
        self._context.sc.addFile(path)

    def addPyFile(self, path: str) -> None:  # noqa: N802
        self._context.sc.addPyFile(path)

    def getLocalTmpDirPath(self) -> str:  # noqa: N802
        return os.path.join(self._context.local_tmp_dir_path, "__livy__")  # noqa: PTH118

    class Java:
        """What py4j takes this object for."""

        implements = ("org.apache.livy.repl.PySparkJobProcessor",)


class Spark:
    """The join to the driver's Spark context over its py4j gateway."""

    IMPORTS = (
        "from pyspark.sql import HiveContext",
        "from pyspark.streaming import StreamingContext",
        "import pyspark.cloudpickle as cloudpickle",
    )
    JVM_IMPORTS = (
        "org.apache.spark.SparkConf",
        "org.apache.spark.api.java.*",
        "org.apache.spark.api.python.*",
        "org.apache.spark.ml.python.*",
        "org.apache.spark.mllib.api.python.*",
        "org.apache.spark.resource.*",
        "org.apache.spark.sql.*",
        "org.apache.spark.sql.api.python.*",
        "org.apache.spark.sql.hive.*",
        "scala.Tuple2",
    )

    def __init__(self, names: "dict[str, Any]") -> None:
        self._names = names
        self._gateway = None
        self._scratch = None
        for line in self.IMPORTS:  # while the driver still makes its context
            exec(line, names)  # noqa: S102

    def join(self) -> int:
        """Define sc, sqlContext and spark; give the callback server's port."""
        from py4j.java_gateway import GatewayParameters, JavaGateway, java_import
        from pyspark.conf import SparkConf
        from pyspark.context import SparkContext
        from pyspark.sql import SparkSession, SQLContext

        port = int(os.environ["PYSPARK_GATEWAY_PORT"])
        secret = os.environ["PYSPARK_GATEWAY_SECRET"]
        parameters = GatewayParameters(port=port, auth_token=secret, auto_convert=True)
        gateway = self._gateway = JavaGateway(gateway_parameters=parameters)
        for name in self.JVM_IMPORTS:
            java_import(gateway.jvm, name)
        entries = gateway.entry_point
        jsc = entries.sc()
        jsql = entries.hivectx() or entries.sqlctx()
        conf = SparkConf(_jvm=gateway.jvm, _jconf=jsc.getConf())
        sc = SparkContext(jsc=jsc, gateway=gateway, conf=conf)
        Packages(sc, PACKAGES).offer()
        self._names["sc"] = sc
        session = SparkSession(sc, entries.sparkSession())
        self._names["sqlContext"] = SQLContext(sc, session, jsql)
        self._names["spark"] = session
        return self._serve_callbacks(gateway, secret)

    def _serve_callbacks(self, gateway: Any, secret: str) -> int:
        from py4j.java_gateway import CallbackServerParameters
        from py4j.protocol import ENTRY_POINT_OBJECT_ID

        parameters = CallbackServerParameters(port=0, auth_token=secret)
        gateway.start_callback_server(callback_server_parameters=parameters)
        self._scratch = tempfile.mkdtemp()
        processor = JobProcessor(self._names, JobContext(self._names, self._scratch))
        gateway.gateway_property.pool.dict[ENTRY_POINT_OBJECT_ID] = processor
        return gateway._callback_server.server_socket.getsockname()[1]

    def leave(self) -> None:
        if self._scratch is None:
            return  # never joined
        self._gateway.shutdown_callback_server()
        shutil.rmtree(PACKAGES, ignore_errors=True)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._names["sc"].stop()
