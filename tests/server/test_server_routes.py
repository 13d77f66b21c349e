"""What is true of every route, whichever there are: none is listed here by hand."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from server_rig import TOKEN, fingerprint

from emr_nb.journal import StatementRow
from emr_nb.model import Service
from emr_nb.testing.fake_catalog import FakeCatalogEngine

PARTS = {
    "cluster": "j-1", "name": "local", "tag": "a" * 32, "job": "none", "plan": "none",
    "listing": "none", "engine": "spark", "session": "1", "source": "hive", "run": "a" * 32,
}  # fmt: skip
QUERY = {"path": "/d/a.csv", "folder": "/d", "name": "n", "schema": "d", "table": "t", "text": "t",
         "notebook": "n.ipynb"}  # fmt: skip
CONTENT = "/emr-nb/clusters/j-1/files/content"
CHANGING = ("POST", "PUT", "DELETE", "PATCH")


def path_of(rule) -> str:
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: PARTS[m[1]], rule.matcher.regex.pattern).rstrip(
        "$"
    )


def verbs_of(rule) -> list[str]:
    """Return the methods that a rule's handler has code of its own for."""
    return [
        verb for verb in ("GET", "HEAD", *CHANGING)
        if getattr(rule.target, verb.lower()).__module__.startswith("emr_nb.")
    ]  # fmt: skip


@pytest.fixture
def verbs(rig):
    """Every method that a handler of ours has code for, also where its path refuses it."""
    return [(verb, path_of(rule)) for rule in rig.rules() for verb in verbs_of(rule)]


@pytest.fixture
def routes(rig):
    """Every method and path that is answered."""
    found = [(verb, path_of(rule)) for rule in rig.rules()
             for verb in rule.target_kwargs.get("operations", ("GET",))]  # fmt: skip
    assert len(found) > 25
    return found


def asked(rig, verb: str, path: str) -> str:
    """Return a path with the parameters that its operation takes, as far as there are such."""
    for rule in rig.rules():
        operation = rule.target_kwargs.get("operations", {}).get(verb)
        if operation is not None and path_of(rule) == path and operation.in_query:
            names = set(operation.takes.__struct_fields__) - set(operation.parts)
            return f"{path}?{urlencode({k: v for k, v in QUERY.items() if k in names})}"
    return path


def test_no_route_answers_who_is_not_known(rig, verbs):
    for verb, path in verbs:
        for headers in ({}, {"Authorization": "token wrong"}, {"Cookie": "username-x=forged"}):
            reply = rig.ask(verb, asked(rig, verb, path), token=False, headers=headers)
            assert reply.status in (401, 403), (verb, path, reply.status)
            assert b"j-1" not in reply.content
    assert rig.backend.provider.calls == []
    assert rig.backend.connects == []


def test_a_body_is_not_taken_from_who_is_not_known(rig):
    reply = rig.ask("PUT", CONTENT + "?folder=/d&name=n", token=False, content=b"x")
    assert reply.status == 403
    assert rig.backend.connects == []


def test_every_change_needs_the_xsrf_token_with_a_login_cookie(rig, routes):
    """A page of another site has the cookie sent along, but cannot read the token."""
    cookies = login(rig)
    wanted = [(verb, path) for verb, path in routes if verb in CHANGING]
    assert len(wanted) > 8
    before = fingerprint(rig)
    for verb, path in wanted:
        for origin in ({}, {"Origin": "http://evil.example"}):
            headers = {"Cookie": cookies, "Content-Type": "text/plain", **origin}
            reply = rig.ask(
                verb, asked(rig, verb, path), token=False, headers=headers, content=b"{}"
            )
            assert reply.status in (403, 404), (verb, path, reply.status)
    assert fingerprint(rig) == before


def login(rig) -> str:
    """Return the cookies of a browser that has opened the server with its token."""
    rig.http.cookies.clear()
    reply = rig.http.get(f"/tree?token={TOKEN}", follow_redirects=False)
    cookies = "; ".join(f"{k}={v}" for k, v in reply.cookies.items())
    rig.http.cookies.clear()
    assert "username-" in cookies
    return cookies


def test_a_login_cookie_with_its_xsrf_token_is_let_in(rig):
    cookies = login(rig)
    rig.http.get("/login")
    xsrf = rig.http.cookies.get("_xsrf")
    rig.http.cookies.clear()
    headers = {"Cookie": f"{cookies}; _xsrf={xsrf}", "X-XSRFToken": xsrf}
    assert rig.ask("POST", "/emr-nb/clusters/refresh", token=False, headers=headers).status == 200


def test_a_get_changes_nothing(rig, routes):
    cluster = rig.backend.cluster("j-1")
    cluster.stores["hdfs"].files["hdfs:///d/a.csv"] = b"x,y\n1,2\n"
    hive = FakeCatalogEngine("hive")
    hive.asides = dict.fromkeys(
        ("DESCRIBE `d`.`t`", "SHOW PARTITIONS `d`.`t`"), pa.table({"name": ["a"], "type": ["int"]})
    )
    cluster.services, cluster.engines["hive"] = (*cluster.services, Service("hive")), hive
    rig.get("/clusters/j-1/files", path="/")  # attached from now on
    row = StatementRow("a" * 32, "j-1", "spark", "1", text="select 1")
    rig.state.journal.begin(row)
    listing = rig.post("/clusters/j-1/listings", path="/d").json["listing"]
    plan = rig.post("/clusters/j-1/plans", kind="delete", entries=[{"path": "/d/a.csv"}]).json
    job = rig.wait(rig.post("/local/local/stop").json["job"])
    names = {"listing": listing, "plan": plan["plan"], "job": job["job"]}
    before = fingerprint(rig)
    for verb, path in routes:
        if verb != "GET":
            continue
        for name, value in names.items():
            path = path.replace(f"/{name}s/none", f"/{name}s/{value}")
        reply = rig.ask("GET", asked(rig, verb, path))
        assert reply.status == (400 if path.endswith("/live") else 200), (path, reply.content)
    assert fingerprint(rig) == before


def test_errors_have_one_shape(rig, routes):
    for verb, path in routes:
        for query in ("?nonsense=1", "?entry=x", "?path=%ff%fe"):
            reply = rig.ask(verb, path + query, content=b'{"nonsense": 1}')
            if reply.status < 400 or "live" in path:
                continue
            assert set(reply.json) == {"kind", "what", "where", "advice", "message"}, (verb, path)
            assert reply.json["message"] == reply.json["what"]
            assert reply.status != 500, (verb, path, reply.json)
            assert reply.headers["content-type"].startswith("application/json")


def test_a_method_that_a_path_lacks_is_refused(rig):
    reply = rig.ask("DELETE", "/emr-nb/health")
    assert (reply.status, reply.kind) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_not_taken_in(rig, routes, chunked):
    big = json.dumps({"x": "y" * 1_100_000}).encode()
    for verb, path in routes:
        if verb == "POST":
            body = iter([big[:600_000], big[600_000:]]) if chunked else big
            reply = rig.ask("POST", path, content=body)
            assert (reply.status, reply.kind) == (413, "TooLarge"), path


def test_answers_are_not_kept_by_caches_and_not_taken_for_pages(rig):
    reply = rig.get("/health")
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_health_tells_the_version(rig):
    from emr_nb.server.health import API, version

    assert rig.get("/health").json == {"version": version(), "api": API, "user": "ada"}


def test_an_authorizer_is_asked_for_each_route(rig, routes):
    from jupyter_server.auth.authorizer import Authorizer

    seen: list[str] = []

    class Refusing(Authorizer):
        def is_authorized(self, handler, user, action, resource):
            seen.append(f"{action} {resource}")
            return resource != "emr_nb"

    settings = rig.app.web_app.settings
    before = settings["authorizer"]
    settings["authorizer"] = Refusing(parent=rig.app)
    try:
        for verb, path in routes:
            assert rig.ask(verb, asked(rig, verb, path), content=b"").status == 403, (verb, path)
    finally:
        settings["authorizer"] = before
    assert set(seen) >= {"read emr_nb", "write emr_nb"}
    assert rig.backend.connects == []
