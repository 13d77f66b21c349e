"""The messages with which the Python child answers a statement. Parses as Python 3.7."""

import logging
import re
import traceback
from typing import Any

LOG = logging.getLogger("worker")
FIRST_USER_FRAME = re.compile(r'\s*File "<stdin>".*in <module>')


def reply(status: str, content: "dict[str, Any]") -> "dict[str, Any]":
    """Give Livy's reply message."""
    return {"msg_type": "execute_reply", "content": dict(content, status=status)}


def failed(kind: Any, value: Any, tb: Any) -> "dict[str, Any]":
    """Give the reply for an exception, without the frames above the user's own."""
    LOG.error("execute_reply", exc_info=True)  # noqa: LOG014 - called while handling one
    lines = traceback.format_exception(kind, value, tb, chain=False)
    for at, line in enumerate(lines):
        if FIRST_USER_FRAME.match(line):
            lines = lines[:1] + lines[at + 1 :]
            break
    content = {"ename": str(kind.__name__), "evalue": str(value), "traceback": lines}
    return reply("error", content)
