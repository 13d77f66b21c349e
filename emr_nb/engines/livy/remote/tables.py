"""Bring a DataFrame as a table frame: one execution, the rows counted, the schema beside them."""

from __future__ import annotations

import json

from . import arrow, rows, spool, wire

INT_MAX = 2147483647


def is_spark(value):
    """Tell whether a value is a Spark DataFrame of this session's JVM."""
    # the type first: asked for an attribute, a Java class or package of py4j raises its own error
    return any(
        base.__name__ == "DataFrame" and base.__module__.startswith("pyspark.sql")
        for base in type(value).__mro__
    ) and hasattr(value, "_jdf")


def is_pandas(value):
    """Tell whether a value is a pandas DataFrame on the driver, without importing pandas."""
    return any(
        base.__name__ == "DataFrame" and base.__module__.split(".")[0] == "pandas"
        for base in type(value).__mro__
    )


def session_of(namespace):
    """Return the Spark session of a namespace, else the active one."""
    from pyspark.sql import SparkSession

    found = namespace.get("spark")
    return found if isinstance(found, SparkSession) else SparkSession.builder.getOrCreate()


class Tables:
    """How this session's tables travel: what it can do is probed once."""

    def __init__(self, session):
        self.session = session
        self._arrow = None
        self._facts = None

    def facts(self):
        """Return where the session runs; the same for all its life."""
        if self._facts is None:
            context = self.session.sparkContext
            self._facts = {
                "app_id": context.applicationId or "",
                "ui_url": context.uiWebUrl or "",
                "spark": str(self.session.version),
            }
        return self._facts

    def carrier(self, wanted):
        """Return the carrier to use; typed JSON where Arrow is closed."""
        if wanted == "json":
            return "json"
        if self._arrow is None:
            self._arrow = arrow.available(self.session)
        return "arrow" if self._arrow else "json"

    def bring(self, frame, limit, wanted, place=None):
        """Execute a Spark DataFrame once and return a table's header and payload.

        With a limit one more row is asked for, so that truncation is known; limit 0 executes
        nothing and brings the schema. What is not surely small is written to `place`.
        """
        if frame.isStreaming:
            raise wire.UnsupportedError(
                "a streaming DataFrame has no end: write it with writeStream"
            )
        jdf = frame._jdf
        schema = json.loads(jdf.schema().json())
        header = dict(self.facts(), carrier="none", schema=schema, rows=0, limit=limit, order=[])
        header["zone"] = self.session.conf.get("spark.sql.session.timeZone")
        if limit == 0:
            return header, b""
        if limit is not None and limit < INT_MAX:
            jdf = jdf.limit(limit + 1)
        carrier = self.carrier(wanted)
        jdf = self._rewritten(jdf, schema["fields"], carrier)
        header["carrier"] = carrier
        if place and carrier == "arrow" and not spool.fits_inline(jdf, place["small"]):
            header["denied"] = spool.denied(self.session, place["path"])
            if not header["denied"]:
                return self._spooled(frame, jdf, dict(header, carrier="spool"), place)
        if carrier == "arrow":
            raw, header["rows"], header["order"] = arrow.collect(jdf)
        else:
            raw, header["rows"] = rows.collect(jdf, [f["type"] for f in schema["fields"]])
        return header, raw

    def _spooled(self, frame, jdf, header, place):
        """Write a frame to the place, as Parquet where that is asked for and holds it."""
        fields, path = header["schema"]["fields"], place["path"]
        header["parquet"] = place["parquet"] and spool.takes_parquet(
            self.session, fields, header["limit"]
        )
        if header["parquet"]:
            header["parts"] = spool.write_parquet(self.session, frame, path)
            return header, b""
        raw, header["parts"] = spool.write(self.session, jdf, path)
        return header, raw

    def _rewritten(self, jdf, fields, carrier):
        wire.check(fields, carrier)
        if carrier == "arrow" and wire.has_udt(fields):
            jdf, fields = self._without_udt(jdf, fields)
        renamed = [wire.needs_names(field["type"]) for field in fields]
        spelled = [wire.needs_values(field["type"], carrier) for field in fields]
        if not any(renamed) and not any(spelled):
            return jdf
        names = ["c%d" % at for at in range(len(fields))]
        context = self.session.sparkContext
        jdf = jdf.toDF(_sequence(context, names))
        parse = context._jvm.org.apache.spark.sql.types.DataType.fromJson
        columns = []
        for name, field, rename, spell in zip(names, fields, renamed, spelled):
            column = jdf.col(name)
            if rename or spell:
                kind = wire.positional(field["type"])
                column = column.cast(parse(json.dumps(kind))) if kind != field["type"] else column
            columns.append(getattr(column, "as")(name))
        jdf = jdf.select(_sequence(context, columns))
        texts = [
            wire.expression(name, wire.positional(field["type"]), carrier) + " as " + name
            for name, field in zip(names, fields)
        ]
        return jdf.selectExpr(_sequence(context, texts)) if any(spelled) else jdf

    def _without_udt(self, jdf, fields):
        """Read the same rows under a schema of stored types: a cast between them is refused."""
        fields = [dict(field, type=wire.plain(field["type"])) for field in fields]
        session = self.session
        parse = session.sparkContext._jvm.org.apache.spark.sql.types.DataType.fromJson
        schema = parse(json.dumps({"type": "struct", "fields": fields}))
        rows_ = jdf.queryExecution().toRdd()
        return session._jsparkSession.internalCreateDataFrame(rows_, schema, False), fields


def _sequence(context, items):
    """Return a Scala Seq of the items."""
    return context._jvm.PythonUtils.toSeq(items)
