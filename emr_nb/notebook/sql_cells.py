"""SQL cells before they run: on which engine, which statements, with which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.engines.base import abilities_of
from emr_nb.engines.sql.lexicon import Lexicon, lexicon
from emr_nb.engines.sql.origins import Origin
from emr_nb.engines.sql.parameters import place
from emr_nb.engines.sql.splitting import Piece, split
from emr_nb.errors import UsageError
from emr_nb.notebook.attachment import SPARK, title_of
from emr_nb.notebook.gaining import gain
from emr_nb.notebook.options import Parsed

if TYPE_CHECKING:
    from emr_nb.engines.base import Engine
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import CellMagic, Job
    from emr_nb.notebook.state import Notebook

# a statement beside the one whose table is the cell's runs without what concerns the table
_ASIDE: dict[str, Any] = {
    "output": None, "rows": None, "to": None, "format": "parquet", "overwrite": False,
    "chart": None, "x": None, "y": None, "quiet": True, "profile": False,
}  # fmt: skip
_FROM_ONE = frozenset({"trino", "presto"})  # count columns from 1


def prepared(
    notebook: Notebook, magic: CellMagic, job: Job, values: Mapping[str, Any] | None = None
) -> Job:
    """Return the job with its engine, and a part for each statement; raises UsageError.

    `values` are those of its parameters, by default the notebook's variables.
    """
    if magic.is_spark:
        rules, engine = lexicon(SPARK), SPARK
        notebook.attachment(job.options["on"] or "").last_sql = SPARK
    else:
        made = notebook.attachment(job.options["on"] or "")
        gain(notebook, magic, made)
        engine = engine_of(notebook, magic, made)
        found = made.cluster.engine(engine)
        refuse_options(magic, job.options, found)
        rules = rules_of(found)
        made.last_sql = engine
    job = replace(job, engine=engine)
    return in_parts(job, rules, notebook.shell.user_ns if values is None else values)


def rules_for(notebook: Notebook, magic: CellMagic, job: Job) -> Lexicon:
    """Return the lexical rules that a cell is read by."""
    if magic.is_spark:
        return lexicon(SPARK)
    made = notebook.attachment(job.options["on"] or "")
    gain(notebook, magic, made)
    return rules_of(made.cluster.engine(engine_of(notebook, magic, made, say=False)))


def in_parts(job: Job, rules: Lexicon, values: Mapping[str, Any]) -> Job:
    """Return the job with a part for each statement of its text; raises UsageError."""
    pieces = split(job.code, rules)
    if not pieces:
        raise UsageError(
            "There is no statement in it, comments alone",
            where=f"%%{job.magic}",
            advice="Write a statement below them.",
        )
    placed = [place(piece.text, values, rules) for piece in pieces]
    as_it_is = not placed[0].edits and not job.options.get("profile")
    if len(pieces) == 1 and as_it_is and rules.dialect == SPARK:
        return job  # Spark takes comments and a semicolon as they are
    answer = _answer(pieces)
    aside = Parsed({**job.options, **_ASIDE})
    base = 1 if rules.dialect in _FROM_ONE else 0
    parts = tuple(
        replace(
            job,
            code=text.text,
            number=number,
            options=job.options if number == answer else aside,
            is_answer=number == answer,
            origin=Origin(job.code, piece.start, text, base),
        )
        for number, (piece, text) in enumerate(zip(pieces, placed, strict=True))
    )
    return replace(job, parts=parts)


def _answer(pieces: Sequence[Piece]) -> int:
    """Return which statement's table is the cell's: the last that may have one."""
    return max(
        (n for n, piece in enumerate(pieces) if piece.may_have_table), default=len(pieces) - 1
    )


def engine_of(notebook: Notebook, magic: CellMagic, made: Attachment, *, say: bool = True) -> str:
    """Return the engine that a magic runs on; of two, the one that the cluster has."""
    there = {service.name for service in made.cluster.services}
    wanted = magic.engines[0]
    found = next((name for name in magic.engines if name in there), wanted)
    told = f"{found} for {wanted} on {made.cluster.info.id}"
    if say and found != wanted and told not in notebook.hinted:
        notebook.hinted.add(told)
        notebook.screen.stream(
            f"{made.name} has {title_of(found)}, not {title_of(wanted)}: "
            f"%%{magic.name} runs on {title_of(found)}\n"
        )
    return found


def rules_of(engine: Engine) -> Lexicon:
    """Return the lexical rules of an engine's SQL."""
    return lexicon(abilities_of(engine).dialect or engine.name)


def refuse_options(magic: CellMagic, options: Parsed, engine: Engine) -> None:
    """Raise UsageError for an option that has no meaning on this engine."""
    cannot = abilities_of(engine).cannot
    for option in magic.parser(line=False).options:
        if option.name in cannot and options[option.name] != option.initial:
            raise UsageError(
                f"{option.flags[0]} has no meaning on {title_of(engine.name)}: "
                f"{cannot[option.name]}",
                where=f"%%{magic.name}",
                advice="Nothing was run; leave it out.",
            )
