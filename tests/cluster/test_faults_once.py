"""A cell runs once: whatever becomes of its POST, and whatever is made of its result."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from fault_rig import POST, Rig, attached, counting, submit, wait_until
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from emr_nb.errors import HttpStatusError
from emr_nb.journal import Journal
from emr_nb.model import SessionOptions
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook
from emr_nb.results.table import MIME
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import Rule

LOST = {
    "reset": Rule("POST", POST, "drop_reply", times=1),
    "cut": Rule("POST", POST, "truncate", times=1, after_bytes=9),
    "500": Rule("POST", POST, "status", times=1, status=500, body=b'"TimeoutException"'),
    "502": Rule("POST", POST, "status", times=1, status=502),
    "504": Rule("POST", POST, "status", times=1, status=504),
    "never": Rule("POST", POST, "hang", times=1),
}


@pytest.mark.parametrize("how", LOST)
def test_a_lost_reply_to_the_post_runs_once_and_is_adopted(rig: Rig, how: str) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port, timeout=5) as session:
        rule = proxy.add(LOST[how])
        statement = submit(session, counting(key))
        assert text_of(list(statement.events())).strip() == "ran 1"
        statement.result()
        row = session.journal.find(statement.reference.tag)
        assert rule.hits == 1
    assert row is not None
    assert (row.state, row.statement) == ("done", statement.reference.statement_id)
    assert rig.ran(key) == 1


def test_a_post_that_arrives_after_it_was_sent_again_runs_once(rig: Rig) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port, timeout=1) as session:
        rule = proxy.add(Rule("POST", POST, "late", times=1, seconds=4))
        statement = submit(session, counting(key))
        assert text_of(list(statement.events())).strip() == "ran 1"
        assert rule.hits == 1
        wanted, number = statement.reference.tag, int(statement.reference.statement_id)

        def arrived() -> bool:
            """Whether a second statement of the tag has ended, somewhere behind the first."""
            look, session = rig.session.client.statement, int(rig.session.info.id)
            views = (look(session, at) for at in range(number + 1, number + 4))
            return any(view and wanted in view.code and view.ended for view in views)

        wait_until(arrived, doing="the first request never arrives")
    assert rig.ran(key) == 1


@pytest.mark.parametrize("action", ["refuse", "instead"])
def test_a_post_that_never_arrived_is_sent_again_once(rig: Rig, action: Any) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        rule = proxy.add(Rule("POST", POST, action, times=1, status=503))
        assert text_of(list(submit(session, counting(key)).events())).strip() == "ran 1"
        assert rule.hits == 1
    assert rig.ran(key) == 1


@pytest.mark.parametrize("how", ["drop_reply", "status", "refuse"])
def test_a_lost_reply_makes_one_session(rig: Rig, how: Any) -> None:
    """It need not be ready: what counts is how many sessions of the name there are."""
    name = f"emr_nb/ada/once/{uuid.uuid4().hex[:8]}"
    with rig.proxy() as proxy, rig.engine(proxy.port) as engine:
        rule = proxy.add(Rule("POST", "/sessions$", how, times=1, status=504))
        view = engine._sessions._create(SessionOptions(name))
        try:
            assert rule.hits == 1
            named = [info.id for info in engine.sessions() if info.name == name]
            assert named == [str(view.id)]
            # a second kernel that asks at the same time is led to the same one
            assert engine._sessions._create(SessionOptions(name)).id == view.id
        finally:
            engine.client.delete_session(view.id)


ROWS = (
    "select id k, java_method('java.lang.System', 'setProperty', concat('{key}.', "
    "java_method('java.util.UUID', 'randomUUID')), '1') p from range(7)"
)  # each evaluation of a row leaves a mark of its own
CELLS = {
    "spark -l sql": ROWS,
    "spark": 'df = spark.sql("""' + ROWS + '""")\nprint("ran")\ndf',
    "scala": 'val df = spark.sql("""' + ROWS + '""")\ndf',
}


@pytest.fixture(scope="module")
def shell(rig: Rig) -> Any:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    home = rig.cluster.settings.data_home
    cluster = attached(home, Journal(rig.journal), rig.livy_port)
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    place = Place("/x/faults.ipynb", "once", False)
    extension = Extension(made, Notebook(made, backend=lambda: backend, place=place))
    extension.install()
    made.run_cell("_c = %emr attach local")
    yield made
    extension.remove()
    cluster.journal.close()
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("magic", CELLS)
@pytest.mark.parametrize("chart", ["", "--chart bar -x k -y sum(k)"])
def test_table_chart_and_variable_come_from_one_execution(
    rig: Rig, shell: Any, magic: str, chart: str
) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    shell.user_ns.pop("df", None)
    with capture_output() as captured:
        cell = f"%%{magic} -s {rig.name} -o df {chart}\n{CELLS[magic].format(key=key)}"
        shell.run_cell(cell).raise_error()
        shell.run_cell("df.describe(); df.sort_values('k')").raise_error()
    shown = {mime for output in captured.outputs for mime in output.data}
    assert ("application/vnd.vegalite.v5+json" if chart else MIME) in shown
    assert sorted(shell.user_ns["df"]["k"]) == list(range(7))
    names = "spark._jvm.java.lang.System.getProperties().stringPropertyNames()"
    assert rig.say(f"print(sum(str(n).startswith('{key}.') for n in {names}))") == "7"


def test_a_refused_post_is_an_error_and_runs_nothing(rig: Rig) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        proxy.add(Rule("POST", POST, "instead", times=1, status=400, body=b'{"msg":"no"}'))
        with pytest.raises(Exception, match="did not accept") as caught:
            submit(session, counting(key))
    assert isinstance(caught.value.__cause__, HttpStatusError)
    assert rig.ran(key) == 0
