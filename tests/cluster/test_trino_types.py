"""Every type × edge values on a real Trino, exact in both dialects; the trino client beside."""

from __future__ import annotations

import pyarrow as pa
import pytest
from trino_rig import TrinoRig, run
from trino_types import CASES, ZONE, Case, equal, same, value

pytestmark = pytest.mark.cluster

WAYS = ("trino", "presto", "json", "json+zstd", "json+lz4")


@pytest.mark.parametrize("way", WAYS)
def test_every_value_is_exact_in_a_session_zone_of_its_own(trino: TrinoRig, way: str) -> None:
    dialect, encodings = (way, "") if way in ("trino", "presto") else ("trino", way)
    session = trino.session(trino.engine(dialect), time_zone=ZONE, encodings=encodings)
    columns = ", ".join(f"{case.sql} as c{at}" for at, case in enumerate(CASES))
    result = run(session, f"select {columns} from (values 1)")
    wrong = []
    for at, case in enumerate(CASES):
        kind = result.columns[at].engine_type.lower()
        found = value(result.table.column(at), case.value)
        if kind != case.kind.lower() or not same(found, case.value):
            wrong.append((case.sql, kind, found, case.value))
    assert wrong == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_value_stays_what_it_is_among_nulls_and_pages(trino: TrinoRig, case: Case) -> None:
    if "approx_set" in case.sql:
        pytest.skip("an aggregate has no rows of its own")
    sql = f"select if(n % 3 = 0, null, {case.sql}) x from unnest(sequence(0, 5)) t(n)"
    column = run(trino.session(time_zone=ZONE), sql).table["x"]
    column.validate(full=True)
    nulls = [True] * 6 if case.value is None else [n % 3 == 0 for n in range(6)]
    assert column.is_null().to_pylist() == nulls
    for at, null in enumerate(nulls):
        assert null or same(value(column.slice(at, 1), case.value), case.value)


def test_instants_agree_with_the_servers_own_arithmetic(trino: TrinoRig) -> None:
    """Every hour of two years in zones with odd offsets, and each century's beginning."""
    zones = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "-11:30")
    for zone in zones:
        sql = (
            f"select u, at_timezone(from_unixtime(u, 'UTC'), '{zone}') t from ("
            "select 1577836800e0 + 3600 * n u from unnest(sequence(0, 9999)) a(n) union all "
            "select -59011459200e0 + n * 3155692600e0 from unnest(sequence(0, 60)) b(n)"
            ") order by u"
        )
        result = run(trino.session(time_zone=ZONE), sql)
        table = result.table
        instants = table["t"].cast(pa.timestamp("ms", "UTC")).combine_chunks().view(pa.int64())
        off = [
            (seconds, tick)
            for seconds, tick in zip(table["u"].to_pylist(), instants.to_pylist(), strict=True)
            if tick != round(seconds * 1000)
        ]
        # an hour that comes twice is the one thing that the protocol's text does not tell
        told = [n for n in result.notices if "comes twice" in n]
        assert len(off) <= 2 * bool(told), (zone, off[:5])


@pytest.mark.full
def test_the_trino_client_beside(trino: TrinoRig, capsys: pytest.CaptureFixture[str]) -> None:
    """The control: what it gives for the same values is counted, and printed."""
    dbapi = pytest.importorskip("trino").dbapi
    connection = dbapi.connect(host="127.0.0.1", port=trino.port, user="ada", timezone=ZONE)
    missed = []
    for case in CASES:
        try:
            cursor = connection.cursor()
            cursor.execute(f"select {case.sql}")
            ((found,),) = cursor.fetchall()
            if case.kind == "real":
                text = pa.scalar(repr(found))  # a double of the text, which is as good
                found = text.cast(pa.float32()).as_py()
            if not equal(found, case.value):
                missed.append(case.sql)
        except Exception:
            missed.append(case.sql)
    with capsys.disabled():
        print(f"\nthe trino client gives {len(CASES) - len(missed)} of {len(CASES)} values exactly")
        print("\n".join(f"  not {sql}" for sql in missed))
    assert "date '12345-06-07'" in missed  # its Python has no such year
