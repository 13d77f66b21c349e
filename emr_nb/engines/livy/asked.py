"""What a statement on Livy was asked, read back from its own code; pure.

So whoever adopts a statement knows its cell also where the journal keeps no text.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from emr_nb.model import Request

_PYTHON = re.compile(r"^# emr_nb:([0-9a-f]{32})$")
_SCALA = re.compile(r"^// emr_nb:([0-9a-f]{32})(?: (\{.*\}))?$")
_CALL = re.compile(r"\.run\('([A-Za-z0-9+/=]+)', globals\(\)\)\s*\Z")


def request_of(code: str) -> Request | None:
    """Return the request behind a statement's code; None for what is not a cell of ours."""
    head, _, rest = code.partition("\n")
    try:
        if found := _SCALA.match(head):
            told = json.loads(found[2] or "{}")
            return _request(found[1], "scala", rest, told)
        if (found := _PYTHON.match(head)) and (call := _CALL.search(rest)):
            told = json.loads(base64.b64decode(call[1], validate=True))
            language = {"python": "python", "sql": "sql"}[str(told["kind"])]
            return _request(found[1], language, str(told["code"]), told)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # another version's, or the fetch of a chunk
    return None


def _request(tag: str, language: str, code: str, told: dict[str, Any]) -> Request:
    limit = told.get("limit")
    return Request(
        code,
        language,
        tag,
        output=told.get("output"),
        rows=-1 if limit is None else int(limit),
        shown=int(told.get("shown") or 1000),
        database=told.get("database"),
        settings=told.get("settings") or {},
    )
