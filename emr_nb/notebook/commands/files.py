"""The files of a cluster, by path: the commands of all its parts."""

from __future__ import annotations

from emr_nb.notebook.commands import (
    changing_files,
    listing_files,
    measuring_files,
    moving_files,
    reading_files,
    syncing,
)
from emr_nb.notebook.commands.file_lines import path_text as path_text  # noqa: PLC0414

_GROUPS = (listing_files, measuring_files, reading_files, moving_files, syncing, changing_files)
COMMANDS = tuple(command for group in _GROUPS for command in group.COMMANDS)
