"""Every promised fault has a test that exists: a gap in faults.toml fails here."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = tomllib.loads((ROOT / "tests" / "faults.toml").read_text())["fault"]


def names_in(path: Path) -> set[str]:
    """Return the names of the test functions of a file, methods as `Class::name`."""
    names = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{f.name}" for f in node.body if isinstance(f, ast.FunctionDef)}
    return names | {f.name for f in tree.body if isinstance(f, ast.FunctionDef)}


def test_every_fault_is_named_once():
    names = [fault["name"] for fault in FAULTS]
    assert len(names) == len(set(names))
    assert len(names) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["name"])
def test_a_fault_names_tests_that_exist(fault):
    assert fault["tests"], f"no test holds {fault['name']!r}: {fault['right']}"
    for test in fault["tests"]:
        path, _, name = test.partition("::")
        assert name in names_in(ROOT / path), f"{test} does not exist"
