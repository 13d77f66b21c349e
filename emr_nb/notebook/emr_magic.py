"""`%emr`: finds the subcommand, parses its line, runs it, and returns its answer."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.notebook.answers import Text
from emr_nb.notebook.errors import short_errors
from emr_nb.notebook.options import Option, Parsed, nearest
from emr_nb.notebook.screen import show

if TYPE_CHECKING:
    from emr_nb.notebook.commands.base import Command
    from emr_nb.notebook.state import Notebook


class EmrMagic:
    """The subcommands of `%emr` over one notebook; they load on first use."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        from emr_nb.notebook.commands import (
            attaching,
            browsing,
            catalog,
            files,
            hdfs,
            jobs,
            lasting,
            listing,
            preview,
            pushing,
            queries,
            reasons,
            running,
        )
        from emr_nb.notebook.commands.base import Command

        topic = Option("topic", help="a command or a cell magic", source="command")
        help_ = Command(
            "help", "Say what there is, or what one command takes.", self.help, (topic,)
        )
        groups = (
            attaching,
            listing,
            running,
            jobs,
            lasting,
            pushing,
            files,
            browsing,
            hdfs,
            preview,
            catalog,
            queries,
        )
        ours = (c for group in (*groups, reasons) for c in group.COMMANDS)
        return (*ours, *self._notebook.neighbours.commands, help_)

    @cached_property
    def by_name(self) -> dict[str, Command]:
        return {name: c for c in self.commands for name in (c.name, *c.aliases)}

    def run(self, line: str) -> Any:
        """Run one line; the answer shows itself unless it is assigned."""
        with short_errors(seen=self._notebook.saw_error):
            answer = self._answer(line)
        return self._shown(answer)

    def _shown(self, answer: Any) -> Any:
        if answer is not None and is_discarded(sys._getframe()):
            if hasattr(answer, "is_value"):  # a Result; its class loads pyarrow
                from emr_nb.notebook.deliver import result_bundle

                self._notebook.screen.show(result_bundle(self._notebook, answer))
            else:
                show(self._notebook.screen, self._notebook.shown_form(answer))
        return answer

    @cached_property
    def file_commands(self) -> dict[str, Command]:
        """The commands of files, which have magics of their own."""
        from emr_nb.notebook.commands import browsing, files, hdfs, preview

        groups = (files, browsing, hdfs, preview)
        commands = (c for group in groups for c in group.COMMANDS)
        return {name: c for c in commands for name in (c.name, *c.aliases)}

    def run_files(self, line: str, magic: str) -> Any:
        """Run a line of `%hdfs` or `%fs`."""
        from emr_nb.notebook.fs_magic import checked

        with short_errors(seen=self._notebook.saw_error):
            line = checked(line, magic, self.file_commands)
            answer = self._answer(line) if line else Text(self._files_help(magic))
        return self._shown(answer)

    def _files_help(self, magic: str) -> str:
        found = self.file_commands.items()
        return _listed([(f"%{magic} {n}", c.summary) for n, c in found if n == c.name])

    def run_cell(self, line: str, cell: str) -> Any:
        """Run a command whose code stands below it: %%emr explain, %%emr transpile."""
        word = line.split(maxsplit=1)[0] if line.split() else ""
        with short_errors(cell, 2, sql=True, seen=self._notebook.saw_error):
            command = self.by_name.get(word)
            if command is None or not command.takes_code:
                takes = [f"%%emr {c.name}" for c in self.commands if c.takes_code]
                raise UsageError(
                    f"%%emr {word} takes no code below it".replace("  ", " "),
                    advice=f"There are {' and '.join(takes)}; all others are lines: %emr {word}",
                )
            given = f"{line.strip().removeprefix(word).strip()} {cell}".strip()
            return command.run(self._notebook, command.parser().parse(given))

    def _answer(self, line: str) -> Any:
        word, _, rest = line.strip().partition(" ")
        if not word:
            from emr_nb.notebook.commands.attaching import overview

            return overview(self._notebook)
        if word in ("-h", "--help"):
            word = "help"
        command = self.by_name.get(word)
        if command is None:
            near = nearest(word, tuple(self.by_name))
            raise UsageError(
                f"%emr has no command {word!r}",
                advice=f"Did you mean %emr {near}?" if near else "%emr help lists them.",
            )
        flags = {flag for option in command.options for flag in option.flags}
        if {"--help", "-help"} & set(rest.split()) or (rest.strip() == "-h" and "-h" not in flags):
            return Text(command.parser().help())
        return command.run(self._notebook, command.parser().parse(rest))

    def help(self, _: Notebook, given: Parsed) -> Text:
        """Answer `%emr help [TOPIC]`."""
        magics = self._notebook.magics
        topic = (given["topic"] or "").lstrip("%")
        if not topic:
            return Text(self._contents())
        for magic in magics:
            if magic.name == topic:
                return Text(magic.parser(line=False).help())
        if topic in self.by_name:
            return Text(self.by_name[topic].parser().help())
        near = nearest(topic, (*self.by_name, *(m.name for m in magics)))
        advice = f"Did you mean {near}?" if near else "%emr help lists what there is."
        raise UsageError(f"There is no help on {topic!r}", advice=advice)

    def _contents(self) -> str:
        rows = [(f"%emr {c.name}", c.summary) for c in self.commands]
        rows += [(f"%%{m.name}", m.summary) for m in self._notebook.magics]
        return _listed(rows)


def _listed(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(left) for left, _ in rows)
    lines = [f"{left:<{width}}  {right}" for left, right in rows]
    return "\n".join([*lines, "", "%emr help TOPIC says more on one of them."])


def is_discarded(frame: FrameType | None) -> bool:
    """Tell whether the user's statement throws the magic's value away.

    IPython displays the value of a cell's last expression. In the middle of a cell an
    expression's value is popped from the stack: then the magic shows it itself, while an
    assigned value is shown by nobody.
    """
    while frame is not None and frame.f_code.co_name != "run_line_magic":
        frame = frame.f_back
    user = frame.f_back if frame is not None else None
    if user is None or user.f_lasti < 0:
        return False
    following = (i for i in dis.get_instructions(user.f_code) if i.offset > user.f_lasti)
    first = next((i for i in following if i.opname not in ("CACHE", "NOP")), None)
    return first is not None and first.opname == "POP_TOP"
