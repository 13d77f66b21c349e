"""Secrets in texts that a page is to show: taken out by how they look.

What is a secret by its place alone (a bare word) cannot be told apart: users keep such out of
code. The patterns are those of AWS's keys and tokens, of settings whose names say that they
hold a secret, of URLs with a password and of private keys.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_NAMES = (
    r"password|passwd|pwd|passphrase|secret|secret[_.-]?key|secret[_.-]?access[_.-]?key|"
    r"session[_.-]?token|access[_.-]?token|auth[_.-]?token|api[_.-]?key|client[_.-]?secret|"
    r"private[_.-]?key|aws_secret_access_key|aws_session_token"
)
_QUICK = re.compile(
    rf"(?i)(?:AKIA|ASIA)[0-9A-Z]{{12}}|{_NAMES}|x-amz-(?:signature|security-token|credential)|"
    r"://[^/\s:@]*:|bearer\s|basic\s|-----BEGIN"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.S),
        HIDDEN,
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b"), HIDDEN),
    (re.compile(r"(://)[^/\s:@'\"]*:[^/\s@'\"]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)(x-amz-(?:signature|security-token|credential)=)[^&\s'\"]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]{8,}"), rf"\1\2{HIDDEN}"),
    # name = "value", name: value, 'name', 'value' and SET name=value, whatever stands before
    (
        re.compile(
            rf"(?i)((?:{_NAMES})[\w-]*[\"']?\s*(?:=>|[=:,]|\sto\s)\s*)"
            r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&)'\"]+)"
        ),
        rf"\1{HIDDEN}",
    ),
)


def redacted(text: str) -> str:
    """Return a text with what looks like a secret hidden; the same object where nothing does."""
    if not text or _QUICK.search(text) is None:
        return text
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text
