"""In a real Jupyter kernel: what a front end gets, the live grid's comm, and the end."""

import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from emr_nb.results.table import MIME

SETUP = """
import time, pathlib, pyarrow as pa
from emr_nb.model import Log, Progress
from emr_nb.errors import StatementError
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.state import Notebook
from emr_nb.testing.fake_engine import FakeCluster, FakeEngine, result_of

def script(request):
    if "fail" in request.code:
        yield StatementError("ZeroDivisionError: x", ename="ZeroDivisionError", line=1,
                             folded=("at <b>java</b>",) * 6)
        return
    for n in range(8):
        yield Progress("running", 0.2 * n, n / 8, jobs_total=2, jobs_done=n // 4)
        time.sleep(0.1)
    if "long" in request.code:
        time.sleep(60)
    if "told" in request.code:
        yield Log(("from the cluster",), "stdout")
        while not pathlib.Path(MARK + ".go").exists():
            time.sleep(0.02)
    yield result_of(pa.table({"n": list(range(100))}))

class Engine(FakeEngine):
    def __init__(self):
        super().__init__(script)

class Cluster(FakeCluster):
    pass

cluster = Cluster(Engine())
real_session_close = None
import emr_nb.testing.fake_engine as fake
def closing(self):
    pathlib.Path(MARK).write_text(self.info.name)
fake.FakeSession.close = closing
backend = Backend(lambda target="", **given: cluster, lambda settings, live_only=True: [])
Extension(get_ipython(), Notebook(
    get_ipython(), backend=lambda: backend, place=Place("/x/a.ipynb", "aaa", False))).install()
"""


class Front:
    """A front end: sends cells and keeps a cell's outputs as a saved file would."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client
        self.displays = {}

    def run(self, code, interrupt_after=None):
        sent = self.client.execute(code)
        began, outputs, updates, interrupted = time.monotonic(), [], 0, 0.0
        while True:
            if interrupt_after and not interrupted and time.monotonic() - began > interrupt_after:
                self.manager.interrupt_kernel()
                interrupted = time.monotonic()
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Exception:
                assert time.monotonic() - began < 60
                continue
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            display_id = content.get("transient", {}).get("display_id")
            if kind == "update_display_data":
                updates += 1
                self.displays[display_id].update(content)
            elif kind in ("display_data", "execute_result", "error", "stream"):
                outputs.append(dict(content, kind=kind))
                if display_id:
                    self.displays[display_id] = outputs[-1]
        return outputs, updates, time.monotonic() - interrupted

    def heard_until(self, parent, kind):
        """Return all outputs by the cell that they belong to, until one of this kind comes."""
        heard, until = {}, time.monotonic() + 60
        while kind not in heard.get(parent, ()):
            assert time.monotonic() < until
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Exception:
                continue
            data = message["content"].get("data") or {}
            told = MIME if MIME in data else message["msg_type"]
            heard.setdefault(message["parent_header"].get("msg_id"), []).append(told)
        return heard

    def comm(self, target, data):
        message = self.client.session.msg(
            "comm_open", {"comm_id": "c1", "target_name": target, "data": data}
        )
        self.client.shell_channel.send(message)
        return self.comm_reply()

    def ask(self, data):
        message = self.client.session.msg("comm_msg", {"comm_id": "c1", "data": data})
        self.client.shell_channel.send(message)
        return self.comm_reply()

    def comm_reply(self):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            message = self.client.get_iopub_msg(timeout=20)
            if message["msg_type"] == "comm_msg":
                return message["content"]["data"]
        raise AssertionError("no reply")


@pytest.fixture
def front(tmp_path, monkeypatch):
    monkeypatch.setenv("EMR_NB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    root = Path(__file__).parents[3]
    manager, client = start_new_kernel(cwd=str(root))
    made = Front(manager, client)
    outputs, _, _ = made.run(f"MARK = {str(tmp_path / 'closed')!r}\n{SETUP}")
    assert not [o for o in outputs if o["kind"] == "error"], outputs
    made.run("_c = %emr attach x")
    yield made
    client.stop_channels()
    if manager.is_alive():
        manager.shutdown_kernel(now=True)


def test_a_cell_in_a_kernel(front):
    front.run("%%spark\nwarm")
    outputs, updates, _ = front.run("%%spark\n1")
    line, result = outputs
    assert 1 <= updates <= 6
    assert line["data"]["text/plain"].startswith("✓ 100 rows · ")
    assert "text/html" in line["data"]
    assert result["data"][MIME]["saved"] == 20
    result_id = result["data"][MIME]["result"]
    assert front.comm("emr_nb.table", {"result": result_id})["type"] == "ready"
    reply = front.ask({"type": "rows", "seq": 1, "start": 90, "count": 50})
    assert [row[0] for row in reply["rows"]] == [str(n) for n in range(90, 100)]


def test_an_error_in_a_kernel_is_short_and_its_noise_folded(front):
    outputs, _, _ = front.run("%%spark\nfail")
    error = outputs[-1]
    assert error["kind"] == "error"
    text = "\n".join(error["traceback"])
    assert "6 lines folded" in text
    assert "emr_nb/" not in text
    folded = next(o["data"]["text/html"] for o in outputs if "<details" in str(o.get("data")))
    assert "at &lt;b&gt;java" in folded


def test_an_interrupt_frees_the_kernel(front):
    front.run("%%spark\nwarm")
    outputs, _, seconds = front.run("%%spark\nlong", interrupt_after=1.5)
    assert outputs[-1]["ename"] == "StatementCancelledError"
    assert seconds < 2.0


def test_an_async_cells_output_goes_to_its_own_cell(front, tmp_path):
    began = front.client.execute("%%spark --async -o df\ntold")
    other = front.client.execute(
        "import time, pathlib\nprint('other')\ntime.sleep(1)\n"
        f"pathlib.Path({str(tmp_path / 'closed.go')!r}).touch()\ntime.sleep(1)"
    )
    heard = front.heard_until(began, MIME)
    assert {"display_data", "update_display_data", "stream", MIME} <= set(heard[began])
    assert not {"display_data", "update_display_data", MIME} & set(heard[other])
    outputs, _, _ = front.run("len(await df), df")
    assert outputs[0]["data"]["text/plain"].startswith("(100, job ")
    failed = front.client.execute("%%spark --async\nfail")
    front.client.execute("time.sleep(1)")
    assert "error" in front.heard_until(failed, "error")[failed]


@pytest.mark.parametrize("wait", ["await df", "df.result()"])
def test_an_interrupt_leaves_an_async_cell_running(front, tmp_path, wait):
    front.run("%%spark --async -o df\ntold")
    outputs, _, seconds = front.run(wait, interrupt_after=1.0)
    assert seconds < 3.0
    assert any("runs on" in str(o.get("data")) for o in outputs), outputs
    assert outputs[-1]["kind"] == "error"
    (tmp_path / "closed.go").touch()
    outputs, _, _ = front.run("len(df.result(30)), df.state")
    assert outputs[-1]["data"]["text/plain"] == "(100, 'done')"


@pytest.mark.parametrize("restart", [False, True])
def test_a_clean_shutdown_ends_our_session_and_a_restart_leaves_it(front, tmp_path, restart):
    front.run("%%spark\n1")
    front.client.shutdown(restart=restart)
    until = time.monotonic() + 20
    while front.manager.is_alive() and time.monotonic() < until:
        time.sleep(0.1)
    assert not front.manager.is_alive()
    assert (tmp_path / "closed").exists() is not restart
