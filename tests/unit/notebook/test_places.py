"""Which notebook a kernel belongs to, as its environment tells it."""

import json
import os
import subprocess
import sys

from emr_nb.notebook.places import find_place

NAME = "/home/ada/flights.ipynb"
TELL = """
import json, os
from emr_nb.notebook.places import find_place
os.environ["JPY_PARENT_PID"] = str(os.getppid())
place = find_place({})
print(json.dumps([place.path, place.headless]))
"""


def told(environment, nested=False):
    """Let a child say where it is; nested, a parent that has the same environment starts it."""
    start = [sys.executable, "-c", TELL]
    if nested:
        run = f"import subprocess; print(subprocess.check_output({start!r}, text=True))"
        start = [sys.executable, "-c", run]
    return json.loads(subprocess.check_output(start, env=os.environ | environment, text=True))


def test_a_kernel_of_a_server_has_its_notebook(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert told({"JPY_SESSION_NAME": NAME}) == [NAME, False]


def test_a_kernel_started_in_a_kernel_has_a_session_of_its_own(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert told({"JPY_SESSION_NAME": NAME}, nested=True) == ["", True]


def test_the_session_name_is_the_same_after_a_restart():
    first, second = (find_place({}, {"JPY_SESSION_NAME": NAME}) for _ in range(2))
    assert first.session_name("ada") == second.session_name("ada")
    assert first.session_name("ada").startswith("emr_nb/ada/flights/")


def test_without_a_notebook_every_kernel_is_alone():
    first, second = (find_place({}, {}) for _ in range(2))
    assert first.headless
    assert first.session_name("ada") != second.session_name("ada")
