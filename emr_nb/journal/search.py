"""Which statements of the journal are wanted, as SQL's condition."""

from __future__ import annotations

from dataclasses import dataclass

from emr_nb.journal.rows import OPEN_STATES

OPEN_MARKS = ", ".join("?" * len(OPEN_STATES))


@dataclass(frozen=True, slots=True)
class Search:
    """Which statements are wanted; an empty field wants any. `words` must all stand in the text.

    Without `commands` those that subcommands of `%emr` sent are left out.
    """

    words: tuple[str, ...] = ()
    cluster: str = ""
    engine: str = ""
    state: str = ""
    notebook: str = ""
    since: float = 0.0
    open_only: bool = False
    commands: bool = False

    def clause(self) -> tuple[str, list[object]]:
        """Return SQL's condition and its values."""
        where, conditions = ["created >= ?"], list[object]([self.since])
        for column in ("cluster", "engine", "state", "notebook"):
            if value := getattr(self, column):
                where.append(f"{column} = ?")
                conditions.append(value)
        for word in self.words:
            where.append("(instr(lower(text), ?) > 0 OR instr(lower(line), ?) > 0)")
            conditions += [word.lower(), word.lower()]
        if self.open_only:
            where.append(f"state IN ({OPEN_MARKS})")
            conditions += OPEN_STATES
        if not self.commands:
            where.append("line NOT LIKE '\\%emr%' ESCAPE '\\'")
        return " AND ".join(where), conditions
