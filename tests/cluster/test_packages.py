"""EMR's notebook-scoped libraries on the local driver: one session's own, and gone with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import emr_nb
from emr_nb.cluster import AttachedCluster
from emr_nb.engines.base import Session
from emr_nb.errors import StatementError
from emr_nb.model import Event, Log, Output, SessionOptions

from tests.conftest import RunningCluster  # isort: skip

pytestmark = [pytest.mark.cluster, pytest.mark.full]
PACKAGE, VERSION = "peppercorn", "0.6"  # tiny, pure Python, needs nothing
WORKERS = "sc.parallelize([1], 1).map(lambda _: __import__('peppercorn').__file__).collect()[0]"


@pytest.fixture(scope="module")
def cluster(local_cluster: RunningCluster) -> Iterator[AttachedCluster]:
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as attached:
        yield attached


@pytest.fixture(scope="module")
def session(cluster: AttachedCluster) -> Iterator[Session]:
    opened = cluster.engine("spark").open(SessionOptions("packages", fresh=True))
    yield opened
    opened.close()


def run(cluster: AttachedCluster, session: Session, code: str) -> str:
    """Run a cell; returns what it printed and showed."""
    texts: list[str] = []

    def told(event: Event) -> None:
        if isinstance(event, Log) and event.stream == "stdout":
            texts.append("\n".join(event.lines))
        elif isinstance(event, Output):
            texts.append(str(event.data.get("text/plain", "")))

    cluster.run(code, session=session, on_event=told)
    return "\n".join(texts)


def test_a_package_is_the_session_s_own_and_gone_with_it(
    cluster: AttachedCluster, session: Session
) -> None:
    other, session = session, cluster.engine("spark").open(SessionOptions("own", fresh=True))
    said = run(cluster, session, f"sc.install_pypi_package('{PACKAGE}=={VERSION}')")
    assert f"Successfully installed {PACKAGE}-{VERSION}" in said
    driver = run(cluster, session, f"import {PACKAGE}; print({PACKAGE}.__file__)").strip()
    assert run(cluster, session, f"print({WORKERS})").strip() == driver
    udf = (
        "from pyspark.sql.functions import udf\n"
        "@udf('string')\ndef where(x):\n    import peppercorn\n    return peppercorn.__file__\n"
        "print(spark.range(1).select(where('id')).first()[0])"
    )
    assert run(cluster, session, udf).strip() == driver
    listed = run(cluster, session, "sc.list_packages()").splitlines()
    assert listed[0].split() == ["Package", "Version"]
    assert [PACKAGE, VERSION] in [line.split() for line in listed]
    assert "numpy" in "\n".join(listed)  # what was there before

    assert PACKAGE not in run(cluster, other, "sc.list_packages()")
    with pytest.raises(StatementError, match=f"No module named '{PACKAGE}'"):
        run(cluster, other, f"import {PACKAGE}")

    assert Path(driver).exists()
    session.close()
    until = time.monotonic() + 60
    while Path(driver).exists():
        assert time.monotonic() < until, f"{driver} outlives its session"
        time.sleep(0.2)


def test_only_what_was_installed_here_can_be_uninstalled(
    cluster: AttachedCluster, session: Session
) -> None:
    with pytest.raises(StatementError, match=r"was not installed by sc\.install_pypi_package"):
        run(cluster, session, "sc.uninstall_package('numpy')")
    run(cluster, session, f"sc.install_pypi_package('{PACKAGE}')")
    run(cluster, session, f"import {PACKAGE}")
    run(cluster, session, WORKERS)
    for name in ("pip", "setuptools"):
        with pytest.raises(StatementError, match=r"was not installed by sc\.install_pypi_package"):
            run(cluster, session, f"sc.uninstall_package('{name}')")
    said = run(cluster, session, f"sc.uninstall_package('{PACKAGE}')")
    assert f"Successfully uninstalled {PACKAGE}" in said
    for code in (f"import {PACKAGE}", WORKERS):
        with pytest.raises(StatementError, match=f"No module named '{PACKAGE}'"):
            run(cluster, session, code)
    assert PACKAGE not in run(cluster, session, "sc.list_packages()")


def test_another_version_hides_the_one_that_is_there(
    cluster: AttachedCluster, session: Session
) -> None:
    """`iniconfig` comes with pytest: the tests' own environment has one."""
    from importlib.metadata import version

    before = version("iniconfig")
    wanted = "1.1.1"
    assert before != wanted
    run(cluster, session, f"sc.install_pypi_package('iniconfig=={wanted}')")
    found = "__import__('importlib.metadata').metadata.version('iniconfig')"
    here = f"sc.parallelize([1], 1).map(lambda _: {found}).collect()[0]"
    assert run(cluster, session, f"print({found}, {here})").split() == [wanted, wanted]
    run(cluster, session, "sc.uninstall_package('iniconfig')")
    assert run(cluster, session, f"print({found}, {here})").split() == [before, before]
    assert version("iniconfig") == before  # the user's own environment is as it was


def test_what_pip_cannot_do_is_said_whole(cluster: AttachedCluster, session: Session) -> None:
    with pytest.raises(StatementError, match="No matching distribution found for peppercorn==99"):
        run(cluster, session, f"sc.install_pypi_package('{PACKAGE}==99')")
    with pytest.raises(StatementError, match="is no package"):
        run(cluster, session, "sc.install_pypi_package('-r requirements.txt')")
    assert run(cluster, session, "print(6 * 7)").strip() == "42"
