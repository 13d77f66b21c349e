"""Patterns in paths: `*`, `?`, `[a-z]`, `{a,b}` and `**`; a backslash makes a letter plain.

A pattern never crosses a slash, but for `**`, which stands for any folders, none included.
A bucket's name may hold one too: those that the identity owns are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from emr_nb.errors import PathNotDirectoryError, PathNotFoundError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.files.walking import pages, walk
from emr_nb.model import FileEntry, FilePath

SPECIAL = "*?[]{}\\"
_MOST_ALTERNATIVES = 10_000

Stores = Callable[[FilePath], FileSystem]


@dataclass(frozen=True, slots=True)
class Match:
    """A path that a text stands for, with its entry where a listing told it."""

    path: FilePath
    entry: FileEntry | None = None


def escape(name: str) -> str:
    """Return the text that stands for this very name."""
    return "".join(f"\\{c}" if c in SPECIAL else c for c in name)


def plain(text: str) -> str:
    """Return the name that an escaped text stands for."""
    return re.sub(r"\\([*?\[\]{}\\])", r"\1", text)


def is_pattern(text: str) -> bool:
    """Tell whether a text may stand for more than one path."""
    return len(alternatives(text)) > 1 or any(_has_wildcard(t) for t in alternatives(text))


def alternatives(text: str) -> list[str]:
    """Spell out `{a,b}`, nested ones too; braces without a comma are letters.

    Raises UsageError above 10,000 alternatives.
    """
    done: list[str] = []
    waiting = [text]
    while waiting:
        here = waiting.pop()
        found = _braces(here)
        if found is None:
            done.append(here)
            continue
        start, end, parts = found
        waiting += [here[:start] + part + here[end:] for part in reversed(parts)]
        if len(waiting) + len(done) > _MOST_ALTERNATIVES:
            raise UsageError(f"{text!r} stands for more than {_MOST_ALTERNATIVES:,} paths")
    return list(dict.fromkeys(done))


def expand(text: str, parse: Callable[[str], FilePath], stores: Stores) -> Iterator[Match]:
    """Yield what a text stands for, in order; raises PathNotFoundError where nothing matches.

    A text without a pattern is its path, whether or not something is there.
    """
    seen: set[FilePath] = set()
    found: Iterator[Match]
    for spelled in alternatives(text):
        path = parse(spelled)
        if path.scheme == "s3" and _has_wildcard(path.authority):
            found = _in_buckets(path, stores)
        elif not _has_wildcard(path.key):
            found = iter([Match(FilePath(path.scheme, plain(path.authority), plain(path.key)))])
        else:
            found = _matching(path, stores(path))
        for match in found:
            if match.path not in seen:
                seen.add(match.path)
                yield match
    if not seen:
        raise PathNotFoundError(
            "Nothing matches the pattern",
            where=text,
            advice="A name that holds one of * ? [ ] { } is written with \\ before each.",
        )


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a path below a folder (or a name) matches a pattern."""
    try:
        spelled = [re.compile(_regex(p), re.DOTALL) for p in alternatives(pattern)]
    except re.error as error:
        raise UsageError(f"{pattern!r} is no pattern: {error}") from error
    return lambda name: any(p.fullmatch(name) for p in spelled)


def _in_buckets(path: FilePath, stores: Stores) -> Iterator[Match]:
    top = FilePath(path.scheme, "", "")
    fits = matcher(path.authority)
    for bucket in _listed(stores(top), top):
        if not fits(bucket.path.authority):
            continue
        if path.key:
            yield from _below(stores(bucket.path), bucket.path, path.key.split("/"))
        else:
            yield Match(bucket.path, bucket)


def _matching(path: FilePath, fs: FileSystem) -> Iterator[Match]:
    segments = path.key.split("/")
    first = next(n for n, s in enumerate(segments) if _has_wildcard(s))
    base = plain("/".join(segments[:first]))
    if first:
        base += "/"
    root = FilePath(path.scheme, plain(path.authority), base)
    yield from _below(fs, root, segments[first:])


def _below(fs: FileSystem, root: FilePath, segments: list[str]) -> Iterator[Match]:
    """Yield what matches below a folder whose key ends in a slash (or is empty)."""
    segment, rest = segments[0], segments[1:]
    if segment == "**":
        yield from _everywhere(fs, root, rest)
        return
    if not _has_wildcard(segment):
        yield from _named(fs, root, plain(segment), rest)
        return
    fits = matcher(segment)
    for entry in _listed(fs, root):
        if not fits(entry.name):
            continue
        if not rest or rest == [""]:
            if not rest or entry.is_directory:
                yield Match(entry.path, entry)
        elif entry.is_directory:
            yield from _below(fs, _as_folder(entry.path), rest)


def _named(fs: FileSystem, root: FilePath, name: str, rest: list[str]) -> Iterator[Match]:
    path = FilePath(root.scheme, root.authority, root.key + name)
    if rest and rest != [""]:
        yield from _below(fs, _as_folder(path), rest)
        return
    with suppress(PathNotFoundError, PathNotDirectoryError):
        entry = fs.info(_as_folder(path) if rest and path.scheme == "s3" else path)
        if not rest or entry.is_directory:
            yield Match(entry.path, entry)


def _everywhere(fs: FileSystem, root: FilePath, rest: list[str]) -> Iterator[Match]:
    pattern = re.compile(_regex("/".join(["**", *rest]).rstrip("/")), re.DOTALL)
    folders = bool(rest) and rest[-1] == ""
    with suppress(PathNotFoundError, PathNotDirectoryError):
        for entry in walk(fs, root):
            below = entry.path.key[len(root.key) :].rstrip("/")
            if pattern.fullmatch(below) and (entry.is_directory or not folders):
                yield Match(entry.path, entry)


def _listed(fs: FileSystem, root: FilePath) -> Iterator[FileEntry]:
    bare = FilePath(root.scheme, root.authority, root.key.rstrip("/") or root.key)
    with suppress(PathNotFoundError, PathNotDirectoryError):
        for entry in pages(fs, root if root.scheme == "s3" else bare):
            if entry.path not in (bare, root):  # a file lists itself
                yield entry


def _as_folder(path: FilePath) -> FilePath:
    key = path.key if path.key.endswith("/") else f"{path.key}/"
    return FilePath(path.scheme, path.authority, key)


def _has_wildcard(text: str) -> bool:
    bare = re.sub(r"\\[*?\[\]{}\\]", "", text)
    return bool(re.search(r"[*?]|\[[^/]*\]", bare))


def _regex(pattern: str) -> str:
    """Return the regular expression of a pattern without braces."""
    out, at = "", 0
    while at < len(pattern):
        letter = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            out, at = f"{out}(?:[^/]*/)*", at + 3
        elif pattern.startswith("**", at) and at + 2 == len(pattern):
            out, at = f"{out}.*", at + 2
        elif letter == "*":
            out, at = f"{out}[^/]*", at + 1
        elif letter == "?":
            out, at = f"{out}[^/]", at + 1
        elif letter == "[" and (found := re.compile(r"\[([!^]?)(\]?[^\]/]*)\]").match(pattern, at)):
            inner = re.sub(r"([\\\[&~|^])", r"\\\1", found[2])
            out, at = f"{out}(?!/)[{'^' * bool(found[1])}{inner or chr(92) + ']'}]", found.end()
        elif letter == "\\" and pattern[at + 1 : at + 2] in set(SPECIAL):
            out, at = out + re.escape(pattern[at + 1]), at + 2
        else:
            out, at = out + re.escape(letter), at + 1
    return out


def _braces(text: str) -> tuple[int, int, list[str]] | None:
    """Return where the first `{a,b}` begins and ends, and its parts."""
    at = 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in set(SPECIAL):
            at += 2
            continue
        if text[at] == "{" and (found := _parts(text, at)) is not None:
            return at, *found
        at += 1
    return None


def _parts(text: str, start: int) -> tuple[int, list[str]] | None:
    depth, at, begin, parts = 0, start, start + 1, []
    while at < len(text):
        letter = text[at]
        if letter == "\\" and text[at + 1 : at + 2] in set(SPECIAL):
            at += 2
            continue
        if letter == "{":
            depth += 1
        elif letter == "," and depth == 1:
            parts.append(text[begin:at])
            begin = at + 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                return (at + 1, [*parts, text[begin:at]]) if parts else None
        at += 1
    return None
