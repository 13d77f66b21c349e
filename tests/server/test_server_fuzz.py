"""Every route of our own OpenAPI, asked what schemathesis makes of its schemas.

Half of the names lead to something that is there, so that questions get behind the first check.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from server_rig import TOKEN, ServerRig, fingerprint

from emr_nb.journal import StatementRow
from emr_nb.model import Service, SessionInfo
from emr_nb.server.openapi import document
from emr_nb.testing.fake_catalog import FakeCatalogEngine, nodes

SCHEMA = schemathesis.openapi.from_dict(document())
ROUTES = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
TAG = "a" * 32
# what is there, by the names of parameters and fields
THERE: dict[str, list[Any]] = {
    "cluster": ["j-1"], "name": ["local", "new.txt"], "tag": [TAG], "engine": ["spark"],
    "session": ["1"], "source": ["hive", "spark"], "schema": ["air"], "table": ["flights"],
    "path": ["/", "/d", "/d/a.csv", "s3://b/", "file:///", "hdfs:///d/../x", "d\0"],
    "folder": ["/d", "s3://b/x", "file:///etc"], "notebook": ["a.ipynb"], "catalog": [""],
    "kind": ["delete", "rename", "mkdir", "spark", "hive", "pandas"], "text": ["fl"],
    "code": ["SELECT * FROM air."], "cursor": [0, 18],
}  # fmt: skip
# what a page is told when something that a cluster or AWS is asked for does not come
DECLARED = {501, 502, 503, 504, 507}
FEW = settings(
    max_examples=8, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
MANY = settings(FEW, max_examples=400, derandomize=False, print_blob=True)


@pytest.fixture(scope="module")
def there(served: ServerRig) -> ServerRig:
    """A server with files, a catalog, a session and a statement on its cluster."""
    cluster = served.backend.cluster("j-1")
    cluster.stores["hdfs"].files["hdfs:///d/a.csv"] = b"x,y\n1,2\n"
    cluster.stores["s3"].files["s3://b/x/a.json"] = b"{}"
    (served.root / "a.ipynb").write_text("{}")
    hive = FakeCatalogEngine("hive")
    hive.listed = {"": nodes("schema", "air"), "`air`": nodes("table", "flights", below="`air`")}
    hive.asides["DESCRIBE `air`.`flights`"] = pa.table({"name": ["a"], "type": ["int"]})
    hive.asides["SELECT * FROM `air`.`flights` LIMIT 51"] = pa.table({"a": [1, None]})
    cluster.services, cluster.engines["hive"] = (*cluster.services, Service("hive")), hive
    cluster.spark.alive["s"] = SessionInfo("1", "s", "spark", "idle")
    served.backend.control.gate.set()
    served.state.journal.begin(StatementRow(TAG, "j-1", "spark", "1", text="select 1"))
    served.get("/clusters/j-1/files", path="/")  # attached from now on
    return served


def asked(route: Any) -> st.SearchStrategy[Any]:
    """Return questions of a route; in half of them names are of what is there."""

    @st.composite
    def made(draw: st.DrawFn) -> Any:
        case = draw(route.as_strategy())
        for part in (case.path_parameters, case.query, case.body):
            for key in part if isinstance(part, dict) else ():
                if key in THERE and draw(st.booleans()):
                    part[key] = draw(st.sampled_from(THERE[key]))
        return case

    return made()


def check(rig: ServerRig, route: Any, case: Any) -> None:
    """Ask a question, and once more as nobody."""
    is_get = case.method.upper() == "GET"
    for job in rig.state.jobs.all():
        if job.state == "running":  # what an earlier question began changes things meanwhile
            rig.wait(job.id)
    before = fingerprint(rig)
    given_token = {"Authorization": f"token {TOKEN}"}
    stranger = case.call(base_url=rig.url, headers={"Authorization": "token wrong"})
    assert stranger.status_code in (401, 403, 404), stranger.content
    assert fingerprint(rig) == before, "nobody changed something"
    told = case.call(base_url=rig.url, headers=given_token)
    if is_get:
        assert fingerprint(rig) == before, "a GET changed something"
    if told.status_code >= 500:
        assert told.status_code in DECLARED, told.content
    if told.status_code >= 400 and "emr-nb" in case.formatted_path:
        assert told.json()["kind"] != "InternalError", told.content
    checks = [content_type_conformance, response_schema_conformance, status_code_conformance]
    case.validate_response(told, checks=checks, headers=given_token)


@pytest.mark.parametrize("label", ROUTES)
def test_a_route_keeps_its_schema(there: ServerRig, label: str) -> None:
    @FEW
    @given(asked(ROUTES[label]))
    def run(case: Any) -> None:
        check(there, ROUTES[label], case)

    run()


@pytest.mark.full
@pytest.mark.parametrize("label", ROUTES)
def test_a_route_keeps_its_schema_for_long(there: ServerRig, label: str) -> None:
    @MANY
    @given(asked(ROUTES[label]))
    def run(case: Any) -> None:
        check(there, ROUTES[label], case)

    run()


def test_every_operation_is_asked() -> None:
    from emr_nb.server.table import OPERATIONS

    assert len(ROUTES) == len(OPERATIONS)
