"""Jobs and stages from a Spark UI: a small server that answers as Spark's REST does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from emr_nb.engines.livy import spark_ui
from emr_nb.engines.livy.spark_ui import SparkUi, SparkWatch
from emr_nb.transport.direct import DirectRoute

JOBS = [
    {"jobId": 0, "jobGroup": "6", "status": "SUCCEEDED", "stageIds": [0], "numSkippedStages": 0},
    {"jobId": 1, "jobGroup": "7", "status": "SUCCEEDED", "stageIds": [1], "numSkippedStages": 0},
    {"jobId": 2, "jobGroup": "7", "status": "RUNNING", "stageIds": [2, 3], "numSkippedStages": 1},
]
STAGES = [{"stageId": 3, "name": "count at <cell>:2", "numTasks": 8, "numActiveTasks": 2,
           "numCompleteTasks": 5, "numFailedTasks": 0}]  # fmt: skip


class Ui(BaseHTTPRequestHandler):
    broken = False

    def do_GET(self):
        parts = urlsplit(self.path)
        wanted = parse_qs(parts.query).get("status", [""])[0].upper()
        jobs = [j for j in JOBS if wanted in ("", j["status"])]
        bodies = {"applications": [{"id": "local-1"}], "jobs": jobs, "stages": STAGES}
        body = json.dumps(bodies[parts.path.rpartition("/")[2]]).encode()
        self.send_response(500 if self.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def ui(monkeypatch):
    monkeypatch.setattr(Ui, "broken", False)
    monkeypatch.setattr(spark_ui, "_AFTER", 0.01)
    monkeypatch.setattr(spark_ui, "_EVERY", 0.01)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ui)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    route = DirectRoute()
    yield SparkUi.at(route, f"http://127.0.0.1:{server.server_port}")
    route.close()
    server.shutdown()
    server.server_close()


def seen(watch):
    for _ in range(500):
        if watch.look is not None:
            return watch.look
        threading.Event().wait(0.02)
    raise AssertionError("no look")


def test_the_running_job_and_its_active_stage_are_told(ui):
    watch = SparkWatch(lambda: ui, "7")
    watch.start()
    look = seen(watch)
    watch.stop()
    assert (look.jobs_done, look.jobs_total) == (0, 1)
    assert [(s.name, s.done, s.total) for s in look.stages] == [("stage 3: count", 5, 8)]


def test_the_total_counts_all_jobs_and_no_skipped_stage(ui):
    watch = SparkWatch(lambda: ui, "7")
    watch.start()
    seen(watch)
    watch.stop()
    total = watch.total(10.0)
    assert (total.jobs_total, total.stages_total) == (2, 2)


def test_a_statement_without_jobs_waits_for_nothing(ui):
    watch = SparkWatch(lambda: ui, "8")
    watch.start()
    watch.stop()
    assert watch.total(0.0) is None


def test_a_ui_that_fails_has_rest_and_is_asked_again(ui):
    Ui.broken = True
    for _ in range(3):
        assert ui.usable
        ui.failed()
    assert not ui.usable
    ui.failed_at -= spark_ui._AGAIN_SECONDS + 1
    assert ui.usable
