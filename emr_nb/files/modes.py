"""Permissions as `chmod` takes them: octal, or changes such as `u+x,go-w`."""

from __future__ import annotations

import re

from emr_nb.errors import UsageError

_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}


def new_mode(wanted: str, now: str, *, directory: bool) -> str:
    """Return the octal permissions that a mode makes of those that are; raises UsageError."""
    if re.fullmatch(r"[0-7]{3,4}", wanted):
        return wanted
    mode = int(now or "0", 8)
    for clause in wanted.split(","):
        found = _CLAUSE.fullmatch(clause)
        if not found or not clause:
            raise UsageError(
                f"{wanted!r} are no permissions", advice="Write 644, u+x, go-w or a=rX."
            )
        mode = _applied(mode, *found.groups(), directory=directory)
    return f"{mode:o}".zfill(3)


def letters_of(permissions: str) -> str:
    """Write octal permissions as `ls -l` does: `1777` is `rwxrwxrwt`; nothing of nothing."""
    if not permissions or set(permissions) - set("01234567"):
        return ""
    mode = int(permissions, 8)
    letters = ["rwx"[n % 3] if mode >> 8 - n & 1 else "-" for n in range(9)]
    for bit, at, letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if mode & bit:
            letters[at] = letter if letters[at] == "x" else letter.upper()
    return "".join(letters)


def _applied(mode: int, who: str, sign: str, letters: str, *, directory: bool) -> int:
    people = set(_SHIFTS if not who or "a" in who else who)
    bits = sum(_BITS[c] for c in set(letters) if c in _BITS)
    if "X" in letters and (directory or mode & 0o111):
        bits |= 1
    for person in people:
        shift = _SHIFTS[person]
        if sign == "=":
            mode &= ~(7 << shift)
        mode = mode & ~(bits << shift) if sign == "-" else mode | bits << shift
    special = 0o1000 if "t" in letters else 0
    if "s" in letters:
        special |= 0o4000 * ("u" in people) | 0o2000 * ("g" in people)
    return mode & ~special if sign == "-" else mode | special
