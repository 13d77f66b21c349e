"""`%hdfs` and `%fs`: the file commands of `%emr` for hands that type `hdfs dfs -ls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.notebook.options import nearest

if TYPE_CHECKING:
    from emr_nb.notebook.commands.base import Command

NAMES = ("hdfs", "fs")

# the names of Hadoop's shell (FileSystemShell.html of Hadoop 3) that are others here
_HADOOP = {
    "copyFromLocal": "put",
    "copyToLocal": "get",
    "getmerge": "get --merge",
    "lsr": "ls -R",
    "rmr": "rm -r",
    "text": "cat",
}
# words of Hadoop's shell that no command here is, and what does their work
_INSTEAD = {
    "appendToFile": "c.files.open(path, 'wb') writes a file anew; nothing appends.",
    "concat": "%emr get --merge joins files here, %emr put brings the whole back.",
    "createSnapshot": "`hdfs dfs` on the cluster makes snapshots; %emr snapshots lists them.",
    "deleteSnapshot": "`hdfs dfs` on the cluster removes snapshots; %emr snapshots lists them.",
    "dfsadmin": "%emr df tells how HDFS and its DataNodes do.",
    "expunge": "%emr rm -r --skip-trash /user/NAME/.Trash empties the trash.",
    "fsck": "%emr df tells of missing blocks, %emr stat PATH where a file's blocks are.",
    "getfacl": "%emr stat PATH tells a path's ACL.",
    "getfattr": "%emr stat PATH tells what HDFS knows of a path.",
    "moveFromLocal": "%emr mv ./x /path moves from this machine.",
    "moveToLocal": "%emr mv /path ./x moves to this machine.",
    "renameSnapshot": "`hdfs dfs` on the cluster renames snapshots.",
    "rmdir": "%emr rm -r PATH removes a folder, and tells first what is in it.",
    "setfacl": "`hdfs dfs` on the cluster sets ACLs; %emr chmod and chown set the rest.",
    "test": "c.files.exists(path) and c.files.info(path) answer in Python.",
    "truncate": "Nothing cuts a file here; %emr head -c BYTES reads its beginning.",
    "usage": "%emr help COMMAND tells what one takes.",
}
_TOOLS = ("dfs", "fs", "hdfs")  # `%hdfs dfs -ls /`, as in a terminal


def as_emr(line: str) -> str:
    """Return a line of `%hdfs` as one of `%emr`; what follows the command stays as written."""
    rest = line.strip()
    while (word := rest.partition(" ")[0]) in _TOOLS:
        rest = rest[len(word) :].lstrip()
    word, space, after = rest.partition(" ")
    name = word.removeprefix("-") if word not in ("-h", "--help") else word
    return f"{_HADOOP.get(name, name)}{space}{after}"


def checked(line: str, magic: str, commands: Mapping[str, Command]) -> str:
    """Return the line for `%emr`, empty for help; raises UsageError for no command of files."""
    made = as_emr(line)
    word = made.split(maxsplit=1)[0] if made.split() else "--help"
    if word in commands:
        return made
    if word in ("-h", "--help", "help"):
        return ""
    if word in _INSTEAD:
        raise UsageError(f"%{magic} has no command {word!r}", advice=_INSTEAD[word])
    near = nearest(word, tuple(commands))
    raise UsageError(
        f"%{magic} has no command {word!r}",
        advice=f"Did you mean %{magic} {near}?" if near else f"%{magic} --help lists them.",
    )
