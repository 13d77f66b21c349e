"""The panel's sessions and history on the real local cluster: what runs, cancelled from there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing

import pytest
from kernel_rig import begun
from lab_rig import EVERY_LOOK, SIZES, Lab
from playwright.sync_api import Locator, expect

from emr_nb.journal import Journal

LONG = 120_000  # ms: a Spark session starts
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
WORD, LASTS = f"begun{secrets.token_hex(4)}", f"lasts{secrets.token_hex(4)}"
MARKUP = '<img src=x onerror="window.pwned=1">'
CELLS = (
    "%load_ext emr_nb\n%emr attach {target}",
    f"%%spark\nprint('{WORD}')",
    f"%%spark\nimport time  # {LASTS} {MARKUP}\nfor _ in range(600):\n    time.sleep(1)",
    "",
)


class Work:
    """What a user does in the two sections."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = lab.page
        self.sessions = lab.page.locator("#emr-nb-section-sessions")
        self.history = lab.page.locator("#emr-nb-section-history")

    @property
    def statement(self) -> Locator:
        """What this notebook runs; others' statements may stand beside it."""
        return self.sessions.locator(".emrnb-Session .emrnb-Statement").filter(has_text=LASTS)

    def rows(self) -> Locator:
        return self.history.locator(".emrnb-HistoryRow")

    def choose(self, label: str) -> None:
        """Choose from the menu of the notebook's chip."""
        self.page.locator(".emrnb-ChipButton").click()
        self.page.locator(".emrnb-ChipMenu .lm-Menu-item", has_text=label).click()

    def select(self, index: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate(
            "index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }",
            index,
        )


@pytest.fixture(scope="module")
def work(local_cluster, lab: Lab) -> Iterator[Work]:
    """A notebook with a session in which a statement runs, and the two sections alone."""
    cells = [cell.replace("{target}", local_cluster.target) for cell in CELLS]
    lab.open(lab.write("sessions.ipynb", cells))
    made = Work(lab)
    lab.command("emr-nb:show-clusters")
    lab.unfold_only("Sessions", "History")
    for index in (0, 1):
        made.select(index)
        lab.command("notebook:run-cell")
        assert lab.errors() == []
    lab.start_cell(2)
    yield made
    lab.end_kernel()


def test_a_running_statement_is_seen_in_its_session(work: Work) -> None:
    expect(work.statement).to_contain_text("running", timeout=LONG)
    session = work.sessions.locator(".emrnb-Session").filter(has_text=LASTS)
    expect(session).to_contain_text("spark")
    expect(session.locator(".emrnb-SessionNotebook")).to_have_text("sessions.ipynb")
    chip = work.page.locator(".emrnb-ChipButton")
    expect(chip).to_contain_text("runs", timeout=LONG)


def test_cancel_from_the_panel_ends_the_cell(work: Work) -> None:
    button = work.statement.get_by_role("button", name="Cancel statement")
    button.click()
    cell = work.lab.cell_output(2)
    expect(cell).to_contain_text("ancel", timeout=LONG)
    expect(button).to_have_count(0, timeout=LONG)


def test_a_second_browser_sees_what_runs_loses_its_network_and_cancels(
    work: Work, local_cluster
) -> None:
    work.lab.start_cell(2)
    with work.lab.beside() as page:
        page.evaluate("window.jupyterapp.commands.execute('emr-nb:show-clusters')")
        section = page.locator("#emr-nb-section-sessions")
        choice = section.get_by_label("Sessions on which cluster?")
        choice.select_option(local_cluster.state.cluster_id)
        statement = section.locator(".emrnb-Statement").filter(has_text=LASTS)
        expect(statement.filter(has_text="running")).to_be_visible(timeout=LONG)
        page.context.set_offline(True)
        banner = page.locator(".emrnb-Banner")
        expect(banner).to_contain_text("what is shown may be old", timeout=LONG)
        page.context.set_offline(False)
        expect(banner).to_be_hidden(timeout=LONG)
        button = statement.get_by_role("button", name="Cancel statement")
        button.click()
        expect(button).to_have_count(0, timeout=LONG)
    expect(work.lab.cell_output(2)).to_contain_text("ancel", timeout=LONG)


def test_the_history_has_what_ran_the_newest_first(work: Work) -> None:
    work.history.get_by_label("this notebook").check()
    first = work.rows().first
    expect(first).to_contain_text(LASTS, timeout=LONG)
    expect(first).to_contain_text("cancelled", timeout=LONG)
    expect(work.rows().nth(2)).to_contain_text(WORD)
    assert work.page.evaluate("window.pwned") is None
    assert work.history.locator("img").count() == 0


def test_search_and_this_notebook_narrow_it(work: Work) -> None:
    box = work.history.get_by_role("searchbox")
    box.fill(WORD)
    expect(work.rows()).to_have_count(1, timeout=LONG)
    box.fill("no such statement at all")
    expect(work.history).to_contain_text("No statement matches.", timeout=LONG)
    box.fill("")
    expect(work.rows()).to_have_count(3, timeout=LONG)
    work.history.get_by_label("this notebook").uncheck()


def test_a_statement_is_inserted_with_its_magic(work: Work) -> None:
    work.select(3)
    work.rows().filter(has_text=WORD).click()
    expect(work.history.locator(".emrnb-HistoryText")).to_contain_text(WORD)
    work.history.get_by_role("button", name="Insert").click()
    assert work.lab.notebook().cells[3].source == f"%%spark\nprint('{WORD}')"
    work.history.get_by_role("button", name="Copy as Markdown").click()
    copied = work.page.evaluate("navigator.clipboard.readText()")
    assert f"```python\nprint('{WORD}')\n```" in copied


def test_the_chips_menu_shows_the_log_and_sparks_own_page(work: Work) -> None:
    work.choose("Show Session Log")
    expect(work.page.locator(".jp-CodeCell").last).to_contain_text("INFO", timeout=LONG)
    assert work.lab.notebook().cells[-1].source == "%emr logs"
    with work.page.context.expect_page() as opened:
        work.choose("Open Spark UI")
    expect(opened.value.locator("body")).to_contain_text("Spark Jobs", timeout=LONG)
    opened.value.close()


def test_the_chips_menu_restarts_the_session(work: Work) -> None:
    work.choose("Restart Spark Session…")
    work.page.locator(".jp-Dialog").get_by_role("button", name="Restart").click()
    cell = work.page.locator(".jp-CodeCell").last
    expect(cell).to_contain_text("its variables are gone", timeout=LONG)
    assert work.lab.notebook().cells[-1].source == "%emr restart"
    work.lab.start_cell(1)  # a session is a notebook's by what ran in it


@EVERY_LOOK
def test_pictures(work: Work, theme: str, size: str) -> None:
    work.lab.size(*SIZES[size])
    work.lab.theme(theme)
    expect(work.sessions.locator(".emrnb-Session").first).to_be_visible()
    work.lab.screenshot(f"panel-sessions-{theme}-{size}")
    assert work.lab.strangers == []


@pytest.mark.parametrize("owner", ["of another cluster", "that has ended"])
def test_the_chip_does_not_count_what_a_kernel_left(work: Work, local_cluster, owner: str) -> None:
    """What runs on a cluster that has ended, or died with its kernel, stays open in the journal."""
    work.lab.size(*SIZES["wide"])
    home = local_cluster.settings.data_home / "journal.sqlite"
    tag, word = secrets.token_hex(16), f"left{secrets.token_hex(4)}"
    cluster = "j-gone" if owner == "of another cluster" else local_cluster.state.cluster_id
    names = {"tag": tag, "cluster": cluster, "engine": "spark", "session": "none"}
    notebook = str(work.lab.root / "sessions.ipynb")
    row = {**names, "text": word, "notebook": notebook, "state": "running"}
    with closing(Journal(home)) as journal, begun(home, **row) as kernel:
        try:
            if owner == "that has ended":
                kernel.kill()
                kernel.wait(60)
            expect(work.rows().filter(has_text=word)).to_have_count(1, timeout=LONG)
            work.page.wait_for_timeout(500)
            chip = work.page.locator(".emrnb-ChipButton")
            expect(chip).to_contain_text("idle", timeout=LONG)
            expect(chip).not_to_contain_text("run")
        finally:
            journal.update(tag, state="done")


def test_a_session_is_stopped_when_one_says_so(work: Work) -> None:
    mine = work.sessions.locator(".emrnb-Session").filter(
        has=work.page.locator(".emrnb-SessionNotebook", has_text="sessions.ipynb")
    )
    mine.get_by_role("button", name="Stop session").click()
    work.page.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    expect(mine).to_have_count(0, timeout=LONG)
