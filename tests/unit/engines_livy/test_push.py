"""What a push sends and how it is read there, without a server."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import math
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emr_nb.engines.inputs import MOST_VALUE_BYTES, local_input
from emr_nb.engines.livy.push import PIECE_BYTES, _pieces
from emr_nb.engines.livy.remote.receive import Inbox, NotTakenError, value
from emr_nb.engines.livy.scala_values import scala_type, scala_values_code
from emr_nb.engines.values import spell
from emr_nb.errors import UsageError


def there(local: Any) -> Any:
    return value(json.loads(json.dumps(spell(local, "x"))))


KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.dates())
LEAVES = st.one_of(
    KEYS,
    st.floats(allow_nan=False),
    st.binary(),
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.timedeltas(),
)
ANY = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.tuples(inner), st.dictionaries(KEYS, inner))
)


@given(ANY)
def test_every_value_is_the_same_there(local: Any) -> None:
    made = there(local)
    assert made == local
    assert type(made) is type(local)


def test_what_equality_does_not_tell() -> None:
    assert math.isnan(there(math.nan))
    assert math.copysign(1, there(-0.0)) == -1
    assert there(7**9000) == 7**9000
    assert there("\ud800\u2028") == "\ud800\u2028"
    made = there(dt.datetime(2020, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")))
    assert (made.fold, made.tzinfo) == (1, ZoneInfo("America/New_York"))
    assert there(decimal.Decimal("1.10")).as_tuple() == decimal.Decimal("1.10").as_tuple()
    assert there(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (np.int64(2**63 - 1), 2**63 - 1),
        (np.bool_(True), True),
        (np.float32(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        (pd.Timestamp("2020-01-01", tz="UTC"), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
        (pd.Timedelta(1, "s"), dt.timedelta(seconds=1)),
    ],
)
def test_scalars_of_numpy_and_pandas_are_pythons(local: Any, expected: Any) -> None:
    made = there(local)
    assert (made, type(made)) == (expected, type(expected))


class Words(list):  # type: ignore[type-arg]
    """A list of somebody's own."""


@pytest.mark.parametrize(
    ("local", "words"),
    [
        (object(), r"x is a builtins\.object"),
        ([1, {"k": {2}}], r"x\[1\]\['k'\] is a builtins\.set"),
        (Words(), "x is a .*Words"),
        (pd.Timestamp(1001, unit="ns"), "nanoseconds"),
        (np.longdouble(1), "longdouble"),
        (np.array([1]), "ndarray"),
        (pd.Series([1]).rename("s").index, "RangeIndex"),
    ],
)
def test_what_cannot_be_sent_is_named(local: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        local_input("x", local)


def test_a_value_that_holds_itself_and_one_too_long() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UsageError, match="holds itself"):
        local_input("loop", loop)
    with pytest.raises(UsageError, match="long has more than 16 MiB"):
        local_input("long", "x" * (MOST_VALUE_BYTES + 1))


class TestScala:
    @pytest.mark.parametrize(
        ("local", "kind"),
        [
            (1, "Long"),
            (2**63, "BigInt"),
            (True, "Boolean"),
            (None, "Null"),
            ([1, 2], "List[Long]"),
            ([1, None], "List[Any]"),
            (["a", None], "List[String]"),
            ([], "List[Any]"),
            ([[1.5], []], "List[Any]"),
            ({"a": [1]}, "Map[String, List[Long]]"),
            (dt.datetime(2020, 1, 1), "java.time.LocalDateTime"),  # noqa: DTZ001
            (np.int32(4), "Long"),
        ],
    )
    def test_types(self, local: Any, kind: str) -> None:
        assert scala_type(local, "x") == kind

    def test_nothing_of_a_value_is_code(self) -> None:
        text = '"); sys.exit(1) // """ ${x} \\u000a'
        code = scala_values_code("0" * 32, {"v": text, "long": "y" * 100_000}, ["df"])
        assert "sys.exit" not in code
        assert "${" not in code
        assert all(len(part) <= 30_000 for part in code.split('"'))
        assert code.endswith('val `df` = spark.table("`df`")')

    @pytest.mark.parametrize("local", [decimal.Decimal("NaN"), [decimal.Decimal("Infinity")]])
    def test_what_scala_has_no_type_for(self, local: Any) -> None:
        with pytest.raises(UsageError, match="no BigDecimal"):
            scala_type(local, "x")


def test_pieces_put_together_are_the_file() -> None:
    chunks = [bytes([at]) * (PIECE_BYTES // 3 + at) for at in range(10)]
    made = list(_pieces(iter(chunks)))
    assert b"".join(made) == b"".join(chunks)
    assert {len(piece) for piece in made[:-1]} == {PIECE_BYTES}
    assert len(made[-1]) <= PIECE_BYTES


class Stream:
    """An output stream of Hadoop's."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = False

    def write(self, data: bytearray) -> None:
        self.data += data

    def close(self) -> None:
        self.closed = True


class OpenInbox(Inbox):
    """An inbox whose files are in memory."""

    def _made(self, session: Any, key: str) -> list[Any]:
        self.stream = Stream()
        return [self.stream, 0, 0, f"/home/{key}"]


class TestPieces:
    @staticmethod
    def piece(inbox: Inbox, index: int, data: bytes) -> None:
        inbox.piece(None, "k", index, base64.b64encode(data).decode())

    def test_a_piece_that_comes_twice_is_written_once(self) -> None:
        inbox = OpenInbox()
        for index, data in ((0, b"ab"), (0, b"ab"), (1, b"c"), (0, b"ab"), (1, b"c")):
            self.piece(inbox, index, data)
        assert inbox.finish("k", 3) == "/home/k"
        assert (inbox.stream.data, inbox.stream.closed) == (b"abc", True)

    def test_a_gap_and_a_short_file_are_refused(self) -> None:
        inbox = OpenInbox()
        with pytest.raises(NotTakenError, match="first pieces"):
            self.piece(inbox, 1, b"x")
        self.piece(inbox, 0, b"x")
        with pytest.raises(NotTakenError, match="piece 2 came before piece 1"):
            self.piece(inbox, 2, b"x")
        with pytest.raises(NotTakenError, match="1 of 5 bytes"):
            inbox.finish("k", 5)
        with pytest.raises(NotTakenError, match="gone"):
            inbox.finish("k", 1)
