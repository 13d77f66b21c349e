"""What analysts do with the DataFrames of `-o`, on the dtypes that they get by default."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from emr_nb.results.result import Result

START = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
N = 60


@pytest.fixture(scope="module")
def flights() -> Result:
    """Flights as Spark gives them: nulls in whole numbers, decimals, dates, zoned time stamps."""
    return Result(
        pa.table(
            {
                "carrier": [("UA", "AA", None)[i % 3] for i in range(N)],
                "flight": pa.array(range(N), pa.int64()),
                "delay": pa.array([None if i % 5 == 0 else 2 * i for i in range(N)], pa.int64()),
                "distance": pa.array([i * 10.0 for i in range(N)], pa.float64()),
                "fare": pa.array([decimal.Decimal(i) / 4 for i in range(N)], pa.decimal128(20, 2)),
                "day": [START.date() + dt.timedelta(days=i // 24) for i in range(N)],
                "at": pa.array([START + dt.timedelta(hours=i) for i in range(N)],
                               pa.timestamp("us", "America/New_York")),
                "late": [None if i % 7 == 0 else i % 2 == 0 for i in range(N)],
            }
        ),
        (),
    )  # fmt: skip


@pytest.fixture
def frame(flights: Result) -> pd.DataFrame:
    return flights.to_pandas()


def test_grouping(frame: pd.DataFrame) -> None:
    by = frame.groupby("carrier").agg(
        {"flight": "count", "delay": "mean", "distance": "sum", "fare": "sum", "at": "max"}
    )
    assert list(by.index) == ["AA", "UA"]
    assert by.loc["UA", "delay"] == pytest.approx(np.mean([2 * i for i in range(0, N, 3) if i % 5]))
    assert by.loc["UA", "fare"] == sum(decimal.Decimal(i) / 4 for i in range(0, N, 3))
    assert by.loc["AA", "at"] == pd.Timestamp(START + dt.timedelta(hours=58))
    assert list(frame.groupby("day")["flight"].count()) == [24, 24, 12]
    assert frame.groupby("late")["flight"].count().sum() == frame["late"].notna().sum()
    assert sorted(frame.groupby(frame["at"].dt.hour)["flight"].count()) == [2] * 12 + [3] * 12
    pivot = frame.pivot_table(index="day", columns="carrier", values="delay", aggfunc="mean")
    assert pivot.shape == (3, 2)


def test_merging(frame: pd.DataFrame) -> None:
    names = pd.DataFrame({"carrier": ["UA", "AA"], "name": ["United", "American"]})
    assert frame.merge(names, on="carrier")["name"].value_counts().to_dict() == {
        "United": 20, "American": 20,
    }  # fmt: skip
    other = pd.DataFrame({"delay": [2, 4], "what": ["a", "b"]})  # whole numbers without nulls
    assert list(frame.merge(other, on="delay")["flight"]) == [1, 2]
    again = frame.merge(frame, on=["fare", "day", "at"], suffixes=("", "_too"))
    assert list(again["flight"]) == list(range(N))
    moments = frame[["at"]] + pd.Timedelta(minutes=1)
    assert list(pd.merge_asof(moments, frame, on="at")["flight"]) == list(range(N))


def test_filtering_and_arithmetic(frame: pd.DataFrame) -> None:
    assert (frame["delay"] > 100).sum() == len([i for i in range(51, N) if i % 5])
    late = [i for i in range(N) if i % 7 and i % 2 == 0]
    assert list(frame[frame["late"].fillna(False)]["flight"]) == late
    assert (frame["fare"] * decimal.Decimal(2)).sum() == sum(
        decimal.Decimal(i) / 2 for i in range(N)
    )
    assert (frame["delay"] / frame["distance"]).dropna().round(6).unique().tolist() == [0.2]
    assert frame["at"].diff().dropna().unique().tolist() == [pd.Timedelta(hours=1)]
    assert frame.sort_values(["day", "fare"], ascending=False)["flight"].iloc[0] == N - 1
    assert frame.describe()["flight"]["mean"] == (N - 1) / 2


def test_fitting(flights: Result, frame: pd.DataFrame) -> None:
    known = frame.dropna(subset=["delay"])
    slope, intercept = np.polyfit(known["distance"], known["delay"].astype(float), 1)
    assert (slope, intercept) == (pytest.approx(0.2), pytest.approx(0, abs=1e-9))
    floats = flights.to_pandas(decimal="float").dropna(subset=["delay"])
    x = floats[["distance", "fare", "flight"]].to_numpy(dtype=float)
    solved, *_ = np.linalg.lstsq(x, floats["delay"].to_numpy(dtype=float))
    assert x @ solved == pytest.approx(floats["delay"].to_numpy(dtype=float))
    assert frame[["delay", "distance"]].corr().iloc[0, 1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("line", {"x": "at", "y": "distance"}),
        ("line", {"x": "at", "y": "delay"}),
        ("scatter", {"x": "distance", "y": "delay"}),
        ("bar", {"x": "carrier", "y": "flight"}),
        ("hist", {"y": "delay"}),
        ("box", {"column": ["delay", "distance"]}),
    ],
)
def test_plotting(frame: pd.DataFrame, kind: str, columns: dict[str, Any]) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = frame.plot(kind=kind, **columns)
    drawn.figure.canvas.draw()
    assert drawn.lines or drawn.patches or drawn.collections
    plt.close("all")


def test_decimals_are_plotted_as_floats(flights: Result) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = flights.to_pandas(decimal="float").plot(x="flight", y="fare")
    assert list(drawn.lines[0].get_ydata()) == [i / 4 for i in range(N)]
    plt.close("all")
