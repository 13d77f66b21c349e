"""The panel where things go wrong: server part, credentials, permissions; and many clusters.

A JupyterLab of its own, whose clusters a file steers; the errors are those made of AWS's replies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab_rig import Browser, Lab, find_labextension, running_lab
from playwright.sync_api import Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

LONG = 30_000
MANY = 400
pytestmark = pytest.mark.timeout(300)

_DENIED = "User: arn:aws:sts::1:assumed-role/dev is not authorized to perform: "
_CONFIG = """
import sys
sys.path.insert(0, {folder!r})
import steered
c.EmrNbApp.make_backend = steered.made
"""


@dataclass
class Panel:
    """The panel, and the file that steers what its server has."""

    lab: Lab
    plan: Path
    listed: list[tuple[str, str]]

    def steer(self, *, listed: Any = None, ended: Any = (), **faults: tuple[str, str]) -> None:
        made = {
            "listed": self.listed if listed is None else listed,
            "ended": list(ended),
            "faults": {name.replace("_", " "): fault for name, fault in faults.items()},
        }
        self.plan.write_text(json.dumps(made))

    def section(self, name: str = "clusters") -> Locator:
        return self.lab.page.locator(f"#emr-nb-section-{name}")

    def row(self, name: str) -> Locator:
        return self.section().locator(".emrnb-Cluster").filter(
            has=self.lab.page.locator(".emrnb-EntryName").get_by_text(name, exact=True)
        )  # fmt: skip

    def open(self, *, fresh: bool = True) -> None:
        lab = self.lab
        lab.page.goto(f"{lab.server.url}/lab?{'reset&' * fresh}token={lab.server.token}")
        lab.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget")
        if not self.section().is_visible():
            lab.page.evaluate("window.jupyterapp.shell.activateById('emr-nb-panel')")
        expect(self.section()).to_be_visible(timeout=LONG)

    @property
    def banner(self) -> Locator:
        return self.lab.page.locator(".emrnb-Banner")


@pytest.fixture(scope="module")
def panel(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    home = tmp_path_factory.mktemp("faults")
    config = home / "config"
    settings = config / "lab" / "user-settings" / "emr-nb" / "settings.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"cluster": "adhoc"}')
    text = _CONFIG.format(folder=str(Path(__file__).parent))
    (config / "jupyter_server_config.py").write_text(text)
    given = {"EMR_NB_TEST_STEERED": str(home / "plan.json"), "EMR_NB_HOME": str(home / "emr")}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    found = find_labextension()
    assert found is not None, "the labextension is not built"
    try:
        listed = [("etl", "WAITING"), ("adhoc", "RUNNING"), ("young", "STARTING")]
        made = Panel(None, home / "plan.json", listed)  # type: ignore[arg-type]
        made.steer()
        with running_lab(browser, home, found) as lab:
            made.lab = lab
            yield made
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def test_it_begins_with_clusters_and_sessions_and_the_default_cluster(panel: Panel) -> None:
    panel.open()
    expect(panel.row("adhoc").get_by_role("button").first).to_have_attribute(
        "aria-expanded", "true", timeout=LONG
    )
    expect(panel.section().locator(".emrnb-Facts")).to_contain_text("emr-7.9.0", timeout=LONG)
    for name, is_open in {
        "clusters": 1,
        "sessions": 1,
        "files": 0,
        "catalog": 0,
        "history": 0,
    }.items():
        expect(panel.section(name)).to_be_visible(visible=bool(is_open))
    kept = Path(os.environ["EMR_NB_HOME"]) / "settings.json"
    for _ in range(100):  # the page tells the server beside drawing
        if kept.exists():
            break
        panel.lab.page.wait_for_timeout(100)
    assert json.loads(kept.read_text()) == {"cluster": "adhoc"}, "kernels attach it too"


def test_a_reload_brings_back_what_was_chosen_and_unfolded(panel: Panel) -> None:
    page = panel.lab.page
    panel.row("etl").get_by_role("button").first.click()
    page.locator(".jp-AccordionPanel-title", has_text="History").click()
    expect(panel.section("history")).to_be_visible()
    page.wait_for_timeout(1500)  # JupyterLab saves its workspace a second later
    panel.open(fresh=False)
    expect(panel.row("etl").get_by_role("button").first).to_have_attribute(
        "aria-expanded", "true", timeout=LONG
    )
    expect(panel.section("history")).to_be_visible()
    page.locator(".jp-AccordionPanel-title", has_text="History").click()


def test_expired_credentials_say_how_to_sign_in_and_go_on_afterwards(panel: Panel) -> None:
    expired = ("ExpiredTokenException", "The security token included in the request is expired")
    panel.steer(list=expired)
    alert = panel.section().get_by_role("alert")
    expect(alert).to_contain_text("The AWS credentials have expired", timeout=LONG)
    expect(alert).to_contain_text("aws sso login --profile ops")
    expect(panel.row("etl")).to_be_visible()  # what was known stays
    panel.steer(listed=[*panel.listed, ("new", "WAITING")])
    alert.get_by_role("button", name="Try again").click()
    expect(panel.row("new")).to_be_visible(timeout=LONG)
    expect(alert).to_have_count(0)


def test_a_denied_call_names_the_action_in_its_own_section(panel: Panel) -> None:
    denied = ("AccessDeniedException", f"{_DENIED}elasticmapreduce:DescribeCluster on resource: *")
    panel.steer(describe=denied)
    alert = panel.section().get_by_role("alert")
    expect(alert).to_contain_text("elasticmapreduce:DescribeCluster", timeout=LONG)
    expect(alert).to_contain_text("Ask for the IAM permission")
    expect(panel.row("etl")).to_be_visible()
    expect(panel.section("sessions").get_by_role("alert")).to_have_count(0)
    panel.steer()
    expect(alert).to_have_count(0, timeout=LONG)


def test_what_ended_is_in_its_fold_and_so_is_its_fault(panel: Panel) -> None:
    head = panel.section().get_by_role("button", name="Ended in the last 7 days")
    body = panel.section().locator(".emrnb-Ended")
    panel.steer(list_all=("AccessDeniedException", f"{_DENIED}elasticmapreduce:ListClusters"))
    head.click()
    expect(body.get_by_role("alert")).to_contain_text("elasticmapreduce:ListClusters", timeout=LONG)
    assert panel.section().get_by_role("alert").count() == 1
    why = "Idle for 1 h <img src=x onerror='window.pwned=1'>"
    panel.steer(ended=[(f"old-{n:03d}", why) for n in range(MANY)])
    body.get_by_role("button", name="Try again").click()
    expect(body.get_by_role("alert")).to_have_count(0, timeout=LONG)
    first = body.locator(".emrnb-EndedLine").first
    expect(first).to_contain_text("terminated · 1 h ago · Idle for 1 h <img")
    assert body.locator(".emrnb-EndedLine").count() < 40
    assert panel.lab.page.evaluate("window.pwned") is None
    head.click()
    expect(body.get_by_role("list")).to_be_hidden()
    panel.steer()


def test_many_clusters_stay_light_and_a_redraw_keeps_the_focus(panel: Panel) -> None:
    page = panel.lab.page
    panel.steer(listed=[(f"c-{n:03d}", "WAITING") for n in range(MANY)])
    expect(panel.row("c-000")).to_be_visible(timeout=LONG)
    rows = panel.section().locator(".emrnb-ClusterList .emrnb-Cluster")
    assert rows.count() < 40
    panel.row("c-000").get_by_role("button").first.focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    focused = "() => document.activeElement.closest('.emrnb-Cluster')?.dataset.key"
    assert page.evaluate(focused) == "j-c-020"
    page.evaluate("() => { document.activeElement.mine = true; }")
    panel.section().locator(".emrnb-ClusterList").evaluate("node => { node.scrollTop = 9000; }")
    panel.steer(listed=[(f"c-{n:03d}", "RUNNING") for n in range(MANY)])
    sub = panel.row("c-020").locator(".emrnb-EntrySub")
    expect(sub).to_contain_text("running", timeout=LONG)  # drawn anew, though out of sight
    assert page.evaluate(focused) == "j-c-020"
    assert page.evaluate("() => document.activeElement.mine")
    panel.section().get_by_role("searchbox").fill("c-399")
    expect(rows).to_have_count(1)
    panel.section().get_by_role("searchbox").fill("")
    panel.steer()
    expect(panel.row("etl")).to_be_visible(timeout=LONG)


def test_an_older_server_part_and_one_that_is_missing_are_told(panel: Panel) -> None:
    lab = panel.lab
    old = json.dumps({"version": "0.0.1", "api": 0, "user": "ada"})
    lab.page.route("**/emr-nb/health*", lambda route: route.fulfill(
        status=200, content_type="application/json", body=old))  # fmt: skip
    panel.open()
    expect(panel.banner).to_contain_text("(0.0.1) is older than this page", timeout=LONG)
    expect(panel.banner).to_contain_text("pip install -U emr-nb")
    lab.page.unroute("**/emr-nb/health*")
    with suppress(PlaywrightTimeoutError):  # the page may have asked anew by itself meanwhile
        panel.banner.get_by_role("button", name="Try again").click(timeout=5_000)
    expect(panel.banner).to_be_hidden(timeout=LONG)
    lab.server.stop()
    lab.server.start(ours=False)
    panel.open()
    expect(panel.banner).to_contain_text("jupyter server extension enable emr_nb", timeout=LONG)
    lab.screenshot("panel-missing-light-wide")
    lab.server.stop()
    lab.server.start()
    panel.open()
    expect(panel.row("etl")).to_be_visible(timeout=LONG)
    expect(panel.banner).to_be_hidden()
