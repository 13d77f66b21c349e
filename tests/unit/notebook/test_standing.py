"""What a page is told of a notebook's clusters, by the comm of its chip."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from emr_nb.notebook.standing import TARGET, Standing


class Comm:
    """A comm of a page."""

    def __init__(self):
        self.sent, self.closed = [], False
        self.on_message = self.when_closed = None

    def send(self, message):
        self.sent.append(message)

    def on_msg(self, act):
        self.on_message = act

    def on_close(self, act):
        self.when_closed = act

    def close(self):
        self.closed = True


@pytest.fixture
def kernel(bench):
    """A kernel with comms, as far as they are used, that serves a page's standing."""
    targets, comms = {}, {}
    manager = SimpleNamespace(
        targets=targets,
        comms=comms,
        register_target=targets.__setitem__,
        register_comm=lambda comm: comms.update({comm.comm_id: comm}),
        unregister_comm=lambda comm: comms.pop(comm.comm_id),
    )
    made = SimpleNamespace(comm_manager=manager, standing=Standing(bench.notebook))
    made.standing.serve(made)
    yield made
    made.standing.close(made)


@pytest.fixture
def page(kernel):
    """A page that has opened its comm."""
    comm = Comm()
    kernel.comm_manager.targets[TARGET](comm, {})
    return comm


def test_the_target_is_found_while_it_is_served(kernel):
    (beacon,) = kernel.comm_manager.comms.values()
    assert beacon.target_name == TARGET
    kernel.standing.close(kernel)
    assert kernel.comm_manager.comms == {}


def test_a_page_hears_what_is_attached_at_once(bench, page):
    (told,) = page.sent
    (made,) = told["attached"]
    assert told["type"] == "standing"
    assert (made["id"], made["name"], made["current"]) == (
        bench.cluster.info.id, bench.cluster.name, True,
    )  # fmt: skip
    assert made["sessions"] == []


def test_a_cell_that_changes_it_is_told_once(bench, page):
    bench.run("1 + 1")
    known = len(page.sent)
    bench.run("%%spark\n1")
    assert len(page.sent) == known + 1
    (session,) = page.sent[-1]["attached"][0]["sessions"]
    assert (session["engine"], session["title"]) == ("spark", "Spark")
    assert session["until"] is not None
    bench.run("1 + 1")
    bench.run("%emr detach")
    assert page.sent[-1]["attached"] == []


def test_a_page_may_ask_and_a_closed_one_hears_nothing(bench, page):
    page.on_message({})
    assert page.sent[0] == page.sent[1]
    page.when_closed({})
    known = len(page.sent)
    bench.run("%emr detach")
    assert len(page.sent) == known


def test_the_end_of_the_extension_closes_the_comm(kernel, page):
    kernel.standing.close(kernel)
    assert page.closed
    assert TARGET not in kernel.comm_manager.targets
