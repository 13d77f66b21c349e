"""What the notebook tells other extensions, and that they can stop nothing."""

import pytest

from emr_nb.errors import NeighbourError
from emr_nb.notebook.neighbours import Neighbours
from emr_nb.testing.fake_neighbour import FakeNeighbour


@pytest.fixture
def neighbour(bare):
    made = FakeNeighbour()
    bare.notebook.neighbours = Neighbours(lambda: [made])
    return made


def facts(bench):
    return list(bench.notebook.attachment().facts)


def test_an_attach_tells_them_and_shows_their_lines_below_the_four(bare, neighbour):
    neighbour.lines = ("points here", "and there")
    bare.run("%emr attach fake")
    assert facts(bare)[4:] == [("fake", "points here"), ("", "and there")]
    bare.run("%emr use fake")
    bare.run("_ = %emr detach")
    assert neighbour.heard == ["attached fake", "attached fake", "detached j-FAKE"]


def test_an_error_of_theirs_is_a_line_and_the_attach_holds(bare, neighbour):
    neighbour.error = NeighbourError("Their file is broken", where="f.json", advice="Correct it.")
    bare.run("%emr attach fake")
    assert facts(bare)[4:] == [("fake", "Their file is broken [f.json] → Correct it.")]


def test_their_session_options_hold_until_the_user_has_set_ours(bare, neighbour):
    neighbour.defaults = {"driverMemory": "2g"}
    assert bare.notebook.settings.session_conf == {}  # nothing is asked before an attach
    bare.run("_ = %emr attach fake")
    bare.run("%%spark\n1")
    assert bare.engine.opened[-1].conf == {"driverMemory": "2g"}
    bare.run("%config EmrNb.session_conf = {'driverMemory': '4g'}")
    assert bare.notebook.settings.session_conf == {"driverMemory": "4g"}


def test_a_magic_that_changes_hands_is_settled_once_and_told_in_a_line(bare, neighbour):
    neighbour.told = "%%spark is theirs now"
    bare.run("1 + 1")
    assert neighbour.heard == []
    bare.run(
        "get_ipython().register_magic_function(lambda line, cell=None: 'theirs', "
        "'line_cell', 'spark')"
    )
    bare.run("1 + 1")
    assert neighbour.heard == ["settle True"]
    assert bare.screen.text == "%%spark is theirs now\n"
    assert bare.run("%spark x").result == "theirs"
    bare.extension.take("spark")
    bare.run("%spark", fails=True)  # ours: there is nothing to run


def test_unloading_closes_those_that_were_met(bare, neighbour):
    bare.extension.remove()
    assert neighbour.heard == []
    assert "close" not in neighbour.heard


def test_unloading_closes_a_neighbour_that_was_told(bare, neighbour):
    bare.run("_ = %emr attach fake")
    bare.extension.remove()
    assert neighbour.heard[-1] == "close"
