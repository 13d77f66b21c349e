"""Waits that an interrupt ends as an interrupt, under the name that engines know."""

from __future__ import annotations

from emr_nb.transport.waits import interruptible as interruptible  # noqa: PLC0414 -- re-exported
