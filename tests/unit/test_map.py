"""CONTRIBUTING's map names every room of the code, and none that is gone."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| `([^`]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)


def rooms() -> set[str]:
    """Return the folders of the code and the modules that stand at its top, as git has them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = [Path(line) for line in listed.stdout.splitlines()]
    modules = {str(f) for f in files if f.parent == Path("emr_nb") and f.suffix == ".py"}
    folders = {
        f"{f.parent}/" for f in files if f.parts[0] == "emr_nb" and f.suffix in (".py", ".json")
    }
    return (modules - {"emr_nb/__init__.py"}) | (folders - {"emr_nb/"})


def test_every_room_is_on_the_map():
    assert rooms() - set(ROWS) == set()


def test_the_map_names_nothing_that_is_gone():
    assert [row for row in ROWS if not (ROOT / row).exists()] == []
