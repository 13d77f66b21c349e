"""Local frames for a Hive session: external tables and views in a database of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from emr_nb.engines.frames import Frames
from emr_nb.engines.inputs import LocalInput
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.engines.sql.literals import quoted as literal
from emr_nb.engines.sql.naming import qualified
from emr_nb.engines.target_folder import spelled
from emr_nb.errors import UsageError
from emr_nb.model import FilePath
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.outgoing_sql import SqlWay

if TYPE_CHECKING:
    from emr_nb.engines.hive.session import HiveSession

_NO_NAME = frozenset(".:")  # what the metastore, or Hive's own lists of columns, part names by


class HiveFrames(Frames):
    """The frames of one Hive session."""

    rules: ClassVar[Lexicon] = lexicon("hive")
    title = "Hive"

    def __init__(self, session: HiveSession) -> None:
        # the metastore looks at folders as its own user, whoever asks it
        super().__init__(session.context, "hive", {"hive"})
        self._session = session

    def run(self, sql: str) -> None:
        self._session.run(sql).result()

    def schema_name(self, name: str) -> str:
        return identifier(name, "name", self.rules)

    def make_schema(self, schema: str, folder: FilePath) -> str:
        return f"CREATE DATABASE {schema} LOCATION {self._literal(folder)}"

    def make_table(self, table: str, columns: Sequence[tuple[str, str]], folder: FilePath) -> str:
        listed = ", ".join(f"`{name}` {kind}" for name, kind in columns)
        return (
            f"CREATE EXTERNAL TABLE {table} ({listed}) STORED AS PARQUET "
            f"LOCATION {self._literal(folder)}"
        )

    def expression(self, way: SqlWay, column: str) -> str:
        return way.view.format(column)

    def copy(self, parts: Sequence[str], view: str, item: LocalInput) -> None:
        del item
        table = qualified(list(parts), self.rules)
        self.run(f"CREATE TABLE {table} STORED AS PARQUET AS SELECT * FROM {view}")

    def column_name(self, frame: Outgoing, name: str) -> str:
        if not name.strip() or _NO_NAME & set(name):
            raise UsageError(
                f"{frame.name}: column {name!r} can have no such name in Hive",
                advice="Nothing was sent. Rename it: a name without . and : will do.",
            )
        return name.lower()

    def _literal(self, folder: FilePath) -> str:
        return literal(spelled(folder), "path", self.rules)
