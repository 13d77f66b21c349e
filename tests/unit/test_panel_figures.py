"""The arithmetic of the panel's figures: what the bench says of what it measured."""

from __future__ import annotations

import pytest

from tests.bench import panel_clock, panel_start, panel_told

FRAMES = [16.0] * 98 + [50.0, 400.0]


def test_a_frame_in_a_hundred_is_not_the_95th_percentile() -> None:
    tree = {"entries": 100_000, "rows": 60, "jupyterlab_rows": 50, "opened": 20.4,
            "tree": FRAMES, "jupyterlab": [33.0] * 100, "still": [17.0] * 100}  # fmt: skip
    told = {row[0]: row for row in panel_told.tree_rows(tree)}
    scrolled = told["… scrolled by the wheel, a frame, p95"]
    assert scrolled[1:3] == ("16 ms", "33 ms")
    assert "10,000: 33 ms; lying still 17 ms" in scrolled[3]


def test_idle_minutes_are_scaled() -> None:
    idle = {"seconds": 300.0, "calls": 200, "cpu": [1.0, 6.0], "memory": [100.0, 104.0]}
    calls, processor, memory = panel_told.idle_rows(idle)
    assert "5 idle minutes as 50" in calls[0]
    assert calls[1] == "4.0"
    assert processor[1] == "0.20 %"
    assert memory[1] == "+4.0 %"


def test_time_of_native_code_is_that_of_the_script_that_calls_it() -> None:
    def node(number: int, url: str, *children: int) -> dict[str, object]:
        return {"id": number, "callFrame": {"url": url}, "children": list(children)}

    ours = f"http://127.0.0.1:8888{panel_start.OURS}static/1.js"
    profile = {
        "nodes": [node(1, "", 2, 4), node(2, ours, 3), node(3, ""), node(4, "http://x/lab.js")],
        "samples": [1, 2, 3, 4],
        "timeDeltas": [1000, 200, 30, 4],
    }
    assert panel_start.ours(profile) == pytest.approx(230)


def test_a_fast_clock_agrees_at_its_begin_and_gains_from_there() -> None:
    now = iter([100.0, 100.0, 106.0])
    clock = panel_clock.fast(10, lambda: next(now))
    assert (clock(), clock()) == (100.0, 160.0)
