"""The output below the widgets of `--interact`, which changes in place."""

import ipywidgets
import pytest

from emr_nb.notebook.widget_screen import WidgetScreen


@pytest.fixture
def below():
    return ipywidgets.Output()


def plain(output):
    return [
        entry["text"] if entry["output_type"] == "stream" else entry["data"]["text/plain"]
        for entry in output.outputs
    ]


def test_a_display_is_replaced_where_it_stands(below):
    screen = WidgetScreen(below)
    screen.show({"text/plain": "running"}, display_id="line")
    screen.show({"text/plain": "table"}, {"width": 3})
    screen.update({"text/plain": "done"}, "line")
    screen.update({"text/plain": "nobody's"}, "other")
    assert plain(below) == ["done", "table"]
    assert below.outputs[1]["metadata"] == {"width": 3}
    screen.clear()
    screen.update({"text/plain": "late"}, "line")
    assert plain(below) == []


def test_text_follows_the_text_before_it(below):
    screen = WidgetScreen(below)
    screen.stream("a\n")
    screen.stream("b\n")
    screen.stream("warning\n", "stderr")
    screen.show({"text/plain": "table"})
    screen.stream("c\n")
    assert plain(below) == ["a\nb\n", "warning\n", "table", "c\n"]


def made_by(duck, monkeypatch, cell):
    """Run a cell with --interact; return its button and what is below it."""
    made = []
    monkeypatch.setattr(
        ipywidgets, "VBox", lambda items: made.extend(items) or ipywidgets.HBox(items)
    )
    duck.run(cell)
    return made[-2], made[-1]


def test_run_shows_its_line_and_table_below_the_widgets(duck, monkeypatch):
    duck.shell.user_ns["n"] = 3
    button, output = made_by(duck, monkeypatch, "%%duckdb --interact\nselect {{n}} as a")
    button.click()
    line, table = plain(output)
    assert line.startswith("✓ 1 row")
    assert "3" in table
    assert not button.disabled
    assert len(duck.screen.shown) == 1  # the widgets alone are the cell's


def test_what_fails_shows_there_and_run_runs_again(duck, monkeypatch):
    duck.shell.user_ns["n"] = 3
    cell = "%%duckdb --interact\nselect {{n}} as a from (select 1)\nwhere nix = 1"
    button, output = made_by(duck, monkeypatch, cell)
    for _ in range(2):
        button.click()
        (error,) = [e for e in output.outputs if e["output_type"] == "error"]
        assert "nix" in error["evalue"]
        assert any("→ 3" in line for line in error["traceback"])
    assert not button.disabled
