"""Names that are markup, in every field that the panel draws: seen as text, and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_rig import Browser
from payload_backend import CELLS, FLAT, MAIN, NAMES
from payload_cells import cells
from payload_rig import Planted, payload_lab
from payloads import ALL, PAYLOADS, code, file_name, flat, names
from playwright.sync_api import expect
from tree_rig import row, unfold

from emr_nb.wording import printable, printable_lines

pytestmark = [pytest.mark.timeout(600)]
# every text that the chip has had
_CHIP = """() => {
  window.chips = [];
  const chip = document.querySelector('.emrnb-Chip');
  const take = () => window.chips.push(chip.querySelector('.emrnb-ChipText')?.textContent ?? '');
  new MutationObserver(take).observe(chip, { childList: true, subtree: true });
}"""
# chooses one cluster after the other, and returns what its facts say, by their terms
_FACTS = """async ids => {
  const app = window.jupyterapp;
  const token = app.pluginRegistry._plugins.get('emr-nb:server').provides;
  const { chosen } = await app.resolveRequiredService(token);
  const found = {};
  for (const id of ids) {
    chosen.choose({ id, name: id });
    const at = () => [...document.querySelectorAll('.emrnb-Details .emrnb-Facts')].find(
      one => one.querySelector('dd').textContent === id);
    while (!at()) { await new Promise(done => setTimeout(done, 20)); }
    const terms = [...at().querySelectorAll('dt')];
    found[id] = terms.map(dt => [dt.textContent, dt.nextSibling.textContent]);
  }
  chosen.choose(null);
  return found;
}"""
# walks the history, and returns each statement's text and error as they are shown in full
_WALK = """async count => {
  const section = document.querySelector('#emr-nb-section-history');
  const list = section.querySelector('.emrnb-Rows');
  const found = [];
  for (let i = 0; i < count; i++) {
    const before = section.querySelector('.emrnb-HistoryText');
    const key = i === 0 ? 'Home' : 'ArrowDown';
    list.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const now = () => section.querySelector('.emrnb-HistoryText');
    while (!now() || now() === before) { await new Promise(done => setTimeout(done, 10)); }
    const failed = section.querySelector('.emrnb-HistoryBelow .emrnb-Failure');
    found.push([now().textContent, failed ? failed.textContent : '']);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def planted(
    browser: Browser, labextension: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """The panel in front of a notebook whose kernel plays one with a cluster attached."""
    with payload_lab(browser, tmp_path_factory.mktemp("payloads"), labextension) as made:
        made.lab.open(made.lab.write("payloads.ipynb", cells()))
        made.lab.size(1280, 1600)
        made.lab.unfold_only("Clusters")  # before it is seen: what was loaded follows each choice
        made.lab.command("emr-nb:show-clusters")
        yield made


@pytest.fixture(autouse=True)
def inert(planted: Planted) -> Iterator[None]:
    """Whatever a test has shown, nothing ran."""
    yield
    planted.inert()


def test_the_list_is_long_enough() -> None:
    assert len(set(PAYLOADS)) >= 50
    assert all(one in ALL for one in ("<img src=x", "onload", "${", "](javascript:"))


def test_clusters_and_what_keeps_their_sources_from_telling(planted: Planted) -> None:
    planted.lab.unfold_only("Clusters")
    section = "#emr-nb-section-clusters"
    planted.seen(section, map(printable, NAMES), ".emrnb-EntryName")
    failures = [printable_lines(name) for name in NAMES]
    for part in (".emrnb-FailureWhat", ".emrnb-FailureWhere"):
        planted.seen(f"{section} {part}", failures)
    reasons = [printable(name.partition("\n")[0]) for name in NAMES]
    planted.seen(section, reasons, ".emrnb-ClusterJob")
    planted.page.get_by_role("button", name="Ask for the clusters anew").click()
    expect(planted.section("Clusters").locator(".emrnb-FailureWhat")).to_have_count(0)
    planted.section("Clusters").get_by_text("Ended in the last 7 days").click()
    planted.seen(section, map(printable, NAMES), ".emrnb-Ended .emrnb-EntryName")
    states = [printable(name).lower() for name in NAMES]
    planted.seen(section, states, ".emrnb-Ended .emrnb-EntrySub")
    planted.section("Clusters").get_by_text("Ended in the last 7 days").click()
    planted.section("Clusters").get_by_role("button", name="Start the local cluster local").click()
    planted.seen_all(section, ".emrnb-ClusterJob")


def test_every_fact_of_a_cluster(planted: Planted) -> None:
    ids = [f"j-{i}{flat(name)}"[:200] for i, name in enumerate(NAMES)]
    found = planted.page.evaluate(_FACTS, ids)
    for name, cluster in zip(NAMES, ids, strict=True):
        text, told = printable(name), dict(found[cluster])
        assert told["Id"] == cluster
        assert told["State"] == f"idle: {text}"
        assert told["Release"] == told["Region"] == text
        assert told["Applications"] == printable(f"{name} {name}".strip())
        assert told["Tags"] == f"{text}={text}"
        assert told["Primary"] == told[text] == f"1 of 2 × {text}"


def test_clusters_to_choose_from(planted: Planted) -> None:
    for title, options in (("Sessions", ".emrnb-Select"), ("Files", ".emrnb-TreeSelect")):
        planted.lab.unfold_only(title)
        planted.choose(None)
        planted.seen(f"#emr-nb-section-{title.lower()} {options}", map(printable, NAMES))


def test_sessions_and_what_runs_in_them(planted: Planted) -> None:
    planted.lab.unfold_only("Sessions")
    planted.choose(MAIN, ALL)
    section = "#emr-nb-section-sessions"
    planted.seen(f"{section} .emrnb-EntryName", [f"spark {printable(n)}" for n in NAMES])
    facts = [" · ".join([printable(name)] * 3) for name in NAMES]  # state, queue, application
    planted.seen(f"{section} .emrnb-Session > div .emrnb-EntrySub", facts)
    planted.seen(f"{section} .emrnb-Session > div .emrnb-EntrySub", map(printable, NAMES))
    planted.seen(f"{section} .emrnb-SessionNotebook", map(printable, FLAT))
    planted.seen(f"{section} .emrnb-StatementText", code(NAMES))
    planted.seen_all(f"{section} .emrnb-FailureWhat")
    sessions = planted.section("Sessions")
    sessions.get_by_role("button", name="Cancel statement").first.click()
    planted.seen_all(f"{section} .emrnb-Statement .emrnb-EntrySub")
    sessions.locator("button[aria-label*=' | ']").click()  # to stop the one that is called so
    planted.seen_all(".jp-Dialog-header")
    planted.page.keyboard.press("Escape")
    planted.page.locator(".jp-Dialog").wait_for(state="detached")


def test_the_history_in_its_list_and_in_full(planted: Planted) -> None:
    planted.lab.unfold_only("History")
    section = "#emr-nb-section-history"
    planted.seen(section, code(), ".emrnb-HistoryRow")
    facts = [f"{p} · {printable(p)} · {p} · " for p in PAYLOADS]  # engine, cluster, state
    planted.seen(section, facts, ".emrnb-HistoryRow")
    shown = planted.page.evaluate(_WALK, len(PAYLOADS) + len(NAMES))
    assert {text for text, _ in shown} == {*PAYLOADS, *NAMES}
    assert {error for _, error in shown} == {*PAYLOADS, ""}


def go(planted: Planted, path: str) -> None:
    box = planted.page.get_by_label("Path to go to")
    box.fill(path)
    box.press("Enter")


def test_names_of_files_on_hdfs_and_on_disk(planted: Planted) -> None:
    planted.lab.unfold_only("Files")
    planted.choose(MAIN, ALL)
    go(planted, "hdfs:///odd")
    planted.seen(".emrnb-Tree", map(printable, FLAT))
    go(planted, f"file://{planted.lab.root}/odd")
    planted.seen(".emrnb-Tree", [printable(file_name(p)) for p in PAYLOADS])
    go(planted, "hdfs:///refused")
    planted.seen_all(".emrnb-TreeFailure .emrnb-FailureWhat")
    planted.seen_all(".emrnb-Tree", ".emrnb-mod-failed")


def test_uploads_that_fail_and_dialogs_about_a_file(planted: Planted) -> None:
    planted.lab.unfold_only("Files")
    planted.choose(MAIN, ALL)
    go(planted, "hdfs:///denied")
    row(planted.section("Files"), "denied").click()
    sent = [
        {"name": file_name(p), "mimeType": "text/plain", "buffer": b"x"}
        for p in PAYLOADS
        if p.isprintable()
    ]
    planted.page.locator(".emrnb-Tree input[type=file]").set_input_files(sent)
    planted.seen(".emrnb-TreeUploads", [f"{one['name']}: " for one in sent])
    planted.seen_all(".emrnb-TreeUploads .emrnb-TreeUpload:first-child")
    go(planted, "hdfs:///dialogs")
    name = printable(flat(ALL))
    row(planted.section("Files"), name).click()
    dialog = planted.page.locator(".jp-Dialog")
    for key in ("F2", "Delete"):
        planted.page.keyboard.press(key)
        expect(dialog).to_contain_text(name)
        planted.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


def test_what_files_hold(planted: Planted) -> None:
    planted.lab.unfold_only("Files")
    planted.choose(MAIN, ALL)
    files = planted.section("Files")
    both = [(name[:200], printable(name)[:200]) for name in CELLS]
    for name in ("cells.csv", "text.txt"):
        go(planted, f"hdfs:///looks/{name}")
        row(files, name).dblclick()
        tab = planted.page.locator(".emrnb-PreviewTab:visible")
        tab.locator(".emrnb-Grid, pre").first.wait_for()
        planted.seen(".emrnb-PreviewTab:not(.lm-mod-hidden)", both)
        planted.lab.command("application:close")
    go(planted, "hdfs:///dialogs")
    name = printable(flat(ALL))
    row(files, name).dblclick()
    tab = planted.page.locator(".emrnb-PreviewTab:visible")
    expect(tab).to_contain_text(f"{name}:{name}")  # its owner and its group
    expect(planted.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=name)).to_be_visible()
    planted.lab.command("application:close")


def test_the_catalog(planted: Planted) -> None:
    planted.lab.unfold_only("Catalog")
    planted.choose(MAIN, ALL)
    catalog = planted.section("Catalog")
    unfold(catalog, "Hive metastore")
    planted.seen("#emr-nb-section-catalog", names(NAMES))
    unfold(catalog, "air")
    planted.seen("#emr-nb-section-catalog", names([f"v {name}" for name in NAMES]))
    unfold(catalog, "flights")
    for part in (".emrnb-CatalogLabel", ".emrnb-CatalogType"):
        planted.seen("#emr-nb-section-catalog", names(CELLS), part)
    for deed, wanted in (("Preview 50 Rows", CELLS), ("Show Partitions", FLAT)):
        row(catalog, "flights").click(button="right")
        planted.page.get_by_role("menuitem", name=deed).click()
        planted.page.locator(".emrnb-Preview:visible .emrnb-Grid").wait_for()
        both = [(name[:200], printable(name)[:200]) for name in wanted]
        planted.seen(".emrnb-Preview:not(.lm-mod-hidden)", both)
        planted.lab.command("application:close")
    catalog.get_by_role("searchbox").fill("window.pwned")
    found = names([name for name in NAMES if "window.pwned" in name])
    planted.seen("#emr-nb-section-catalog", found)
    catalog.get_by_role("searchbox").fill("")
    tree = catalog.locator(".emrnb-Rows")
    tree.press("Home")
    tree.press("ArrowLeft")  # folds Hive's
    unfold(catalog, "Trino")
    unfold(catalog, "bad")
    row(catalog, ALL.replace("\u202e", "\\u202e")).click()
    planted.seen_all("#emr-nb-section-catalog .emrnb-CatalogFailed")


def test_a_notebooks_table_and_chip(planted: Planted) -> None:
    lab = planted.lab
    lab.start_cell(0)
    lab.start_cell(1)
    table = lab.cell_output(1).locator(".emrnb-Table")
    table.wait_for()
    shown = [(name[:200], *code([name])) for name in CELLS]
    planted.seen(".jp-OutputArea .emrnb-Table", shown)
    planted.seen(".jp-OutputArea .emrnb-Table", CELLS, ".emrnb-NameText")
    planted.seen(".jp-OutputArea .emrnb-Table", CELLS, ".emrnb-Type")
    chip = planted.page.locator(".emrnb-ChipText")
    chip.wait_for()
    planted.page.evaluate(_CHIP)
    lab.start_cell(2)
    last = NAMES[-1]
    expect(chip).to_have_text(f"{last} · {last} {last}")
    assert {f"{name} · {name} {name}" for name in NAMES} <= set(
        planted.page.evaluate("window.chips")
    )


def test_an_address_that_is_none_is_not_opened(planted: Planted) -> None:
    """A session's UI is an address of a cluster; what is none would run in this page."""
    can = "window.jupyterapp.commands.isEnabled('emr-nb:open-spark-ui')"
    assert planted.page.evaluate(can) is False


def test_names_are_offered_as_completions(planted: Planted) -> None:
    planted.choose(MAIN, ALL)
    planted.lab.type_in_cell(3, "%%hive\nSELECT * FROM air.")
    spelled = [name for name in NAMES if "\0" not in name and "${" not in name]  # by SQL
    named = [name.replace("`", "``") for name in spelled]
    for _ in range(30):  # a Tab waits for the catalog no longer than JupyterLab does
        planted.page.keyboard.press("Tab")
        planted.page.wait_for_timeout(500)
        shown = planted.page.locator(".jp-Completer-match").all_text_contents()
        if not (missing := [n for n in named if not any(n in text for text in shown)]):
            break
    assert missing == []
    planted.page.keyboard.type("i")
    expect(planted.page.locator(".jp-Completer-match mark").first).to_be_visible()
    planted.page.keyboard.press("Escape")


def test_the_history_is_cleared_when_one_says_so(planted: Planted) -> None:
    planted.lab.unfold_only("History")
    rows = planted.section("History").locator(".emrnb-HistoryRow")
    ended = rows.filter(has_not_text=" · running · ")
    planted.section("History").locator(".emrnb-Rows").evaluate("node => { node.scrollTop = 0; }")
    expect(ended.first).to_be_visible()
    planted.page.get_by_role("button", name="Clear the history").click()
    planted.page.locator(".jp-Dialog").get_by_role("button", name="Clear").click()
    expect(ended).to_have_count(0)
    expect(rows.first).to_be_visible()  # what runs is kept
