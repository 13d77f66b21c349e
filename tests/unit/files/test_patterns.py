"""Patterns in paths stand for what they say, and every name can be spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.errors import PathNotFoundError, UsageError
from emr_nb.files.globs import alternatives, escape, expand, is_pattern, matcher, plain
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.model import FilePath
from emr_nb.testing.fake_engine import MemoryFileSystem

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(NAMES)
def test_every_name_can_be_spelled(name):
    assert plain(escape(name)) == name
    assert matcher(escape(name))(name)
    assert alternatives(escape(name)) == [escape(name)]
    assert not is_pattern(escape(name))


@given(NAMES)
def test_a_star_takes_any_name(name):
    assert matcher("*")(name)
    assert matcher("**")(f"{name}/{name}")
    assert matcher(f"**/{escape(name)}")(name)


@pytest.mark.parametrize(
    ("pattern", "takes", "leaves"),
    [
        ("*.csv", ["a.csv", ".csv"], ["a.csv.gz", "a/b.csv"]),
        ("a?c", ["abc", "a\nc"], ["ac", "a/c"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "[a-c]x"]),
        ("[!a]x", ["bx"], ["ax", "/x"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("[]]", ["]"], ["["]),
        ("a[b", ["a[b"], ["ab"]),
        ("{a,b{c,d}}.x", ["a.x", "bc.x", "bd.x"], ["b.x", "{a,b{c,d}}.x"]),
        ("{a}", ["{a}"], ["a"]),
        (r"\*", ["*"], ["a"]),
        (r"\{a,b\}", ["{a,b}"], ["a", "b"]),
        (r"a\b", [r"a\b"], ["ab"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax", "a/xx"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("a.c", ["a.c"], ["abc"]),
    ],
)
def test_what_a_pattern_takes(pattern, takes, leaves):
    fits = matcher(pattern)
    assert [name for name in takes if not fits(name)] == []
    assert [name for name in leaves if fits(name)] == []


def test_too_many_alternatives_and_bad_ranges_are_refused():
    with pytest.raises(UsageError, match="more than"):
        alternatives("{a,b}" * 20)
    with pytest.raises(UsageError, match="no pattern"):
        matcher("[z-a]")


@pytest.fixture
def tree(tmp_path):
    for name in ("d1/a.csv", "d1/b.txt", "d2/a.csv", "d2/deep/c.csv", "d*/star"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def found(tree, pattern):
    text = f"file://{escape(str(tree))}/{pattern}"
    matches = expand(text, lambda t: cluster_path(t, ()), lambda _: LocalFileSystem())
    return [m.path.key.removeprefix(f"{tree}/") for m in matches]


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("d?/*.csv", ["d1/a.csv", "d2/a.csv"]),
        ("*/a.csv", ["d1/a.csv", "d2/a.csv"]),
        ("**/*.csv", ["d1/a.csv", "d2/a.csv", "d2/deep/c.csv"]),
        ("d2/**", ["d2/a.csv", "d2/deep", "d2/deep/c.csv"]),
        ("{d2,d1}/a.csv", ["d2/a.csv", "d1/a.csv"]),
        ("{d1,d?}/a.csv", ["d1/a.csv", "d2/a.csv"]),  # each once
        (r"d\*/*", ["d*/star"]),
        ("d*/", ["d*", "d1", "d2"]),
        ("d2/*/", ["d2/deep"]),
        ("not/there", ["not/there"]),  # no pattern: a name that may be made
    ],
)
def test_expanding(tree, pattern, paths):
    assert found(tree, pattern) == paths


@pytest.mark.parametrize("pattern", ["nix*", "d1/a.csv/*", "nix/*/x", "**/nix"])
def test_nothing_that_matches_is_said(tree, pattern):
    with pytest.raises(PathNotFoundError, match="Nothing matches"):
        found(tree, pattern)


def test_buckets_and_keys():
    store = MemoryFileSystem("s3")
    store.files = {f"s3://b/{k}": b"" for k in ("x/2013/a", "x/2014/a", "y/2013/a", "x/2013/b")}
    texts = {
        "s3://b/x/*/a": ["x/2013/a", "x/2014/a"],
        "s3://b/**/2013/a": ["x/2013/a", "y/2013/a"],
        "s3://{b,b}/x/2013/[ab]": ["x/2013/a", "x/2013/b"],
        "s3://b/*": ["x", "y"],
    }
    for text, keys in texts.items():
        matches = expand(text, FilePath.parse, lambda _: store)
        assert sorted(m.path.key.rstrip("/") for m in matches) == keys
