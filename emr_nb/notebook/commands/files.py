"""The files of a cluster, by path: the commands of all its parts."""

from __future__ import annotations

from emr_nb.notebook.commands import (
    changing_files,
    listing_files,
    moving_files,
    reading_files,
    syncing,
)

_GROUPS = (listing_files, reading_files, moving_files, syncing, changing_files)
COMMANDS = tuple(command for group in _GROUPS for command in group.COMMANDS)
