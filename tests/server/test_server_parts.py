"""The parts below the routes: the pool, the schema, redaction, and requests that make no sense."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emr_nb import errors
from emr_nb.errors import EmrError, ServerBusyError
from emr_nb.redaction import HIDDEN, redacted
from emr_nb.server.calls import Calls
from emr_nb.server.failures import failure_of, status_of
from emr_nb.server.openapi import document
from emr_nb.server.operations import PREFIX
from emr_nb.server.table import OPERATIONS

# -- the pool -------------------------------------------------------------------------------


def test_what_is_above_the_pool_s_bounds_is_refused_at_once():
    calls, gate = Calls("test", threads=2, waiting=3), threading.Event()
    running = [calls.submit(lambda: gate.wait(30)) for _ in range(5)]
    with pytest.raises(ServerBusyError):
        calls.submit(lambda: None)
    gate.set()
    assert all(done.result(30) for done in running)
    assert calls.submit(lambda: 7).result(30) == 7
    calls.close()
    with pytest.raises(ServerBusyError):
        calls.submit(lambda: None)


def test_calls_run_beside_the_event_loop_and_raise_where_they_are_awaited():
    calls = Calls("test", threads=2)

    async def main() -> tuple[str, bool]:
        name, other = await asyncio.gather(
            calls.run(lambda: threading.current_thread().name), asyncio.sleep(0, True)
        )
        with pytest.raises(EmrError, match="no"):
            await calls.run(lambda: (_ for _ in ()).throw(EmrError("no")))
        return name, other

    name, other = asyncio.run(main())
    assert name == "emr_nb-test"
    assert other
    calls.close()


def test_no_thread_stays_once_the_pool_is_closed():
    calls = Calls("closing", threads=8)
    for done in [calls.submit(lambda: time.sleep(0.01)) for _ in range(16)]:
        done.result(30)
    calls.close()
    until = time.monotonic() + 30
    while time.monotonic() < until and calls._living:
        time.sleep(0.01)
    assert calls._living == 0


# -- errors ---------------------------------------------------------------------------------


def test_every_error_has_a_status_of_its_own_kind():
    leaves = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, EmrError)]
    assert len(leaves) > 40
    for leaf in leaves:
        more = {"status": 500} if leaf.__name__ == "HttpStatusError" else {}
        error = leaf("what", where="where", advice="advice", **more)
        assert 400 <= status_of(error) <= 599
        assert status_of(error) != 401
        told = failure_of(error)
        assert (told.kind, told.what, told.where, told.advice) == (
            *(leaf.__name__, "what", "where", "advice"),
        )  # fmt: skip


def test_an_error_s_text_has_no_secret_and_no_control_characters():
    told = failure_of(
        EmrError("GET s3://b?X-Amz-Signature=0123abc\x1b[31m", advice="password=x1y2")
    )
    assert "0123abc" not in told.what
    assert "\x1b" not in told.what
    assert told.advice == f"password={HIDDEN}"


# -- redaction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("select password from users", "select password from users"),
        ("SET hive.password=abc123;", f"SET hive.password={HIDDEN};"),
        ("SET x.secret.key = 'a b\\'c'", f"SET x.secret.key = {HIDDEN}"),
        ('{"client_secret": "zzz", "b": 1}', f'{{"client_secret": {HIDDEN}, "b": 1}}'),
        ("https://ada:pw@host/x", f"https://{HIDDEN}@host/x"),
        ("https://host:8998/x", "https://host:8998/x"),
        ("s3://b/k?X-Amz-Signature=ff&x=1", f"s3://b/k?X-Amz-Signature={HIDDEN}&x=1"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", HIDDEN),
        ("select 'AKIAIOSFODNN7EXAMPLE'", f"select '{HIDDEN}'"),
        ("spark.range(10)", "spark.range(10)"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, left):
    assert redacted(text) == left


def test_redaction_of_a_long_text_is_not_slow_by_its_shape():
    for text in ("a" * 400_000 + "password", "password " * 40_000, "://" * 100_000,
                 "secret=" * 40_000, "'" * 200_000 + " password='x'"):  # fmt: skip
        began = time.process_time()
        redacted(text)
        assert time.process_time() - began < 20  # quadratic would be minutes


# -- the table and the document ---------------------------------------------------------------


def test_every_operation_has_its_function_and_parts():
    names = [(o.method, o.path) for o in OPERATIONS]
    assert len(set(names)) == len(names)
    for operation in OPERATIONS:
        module, _, name = operation.answered_by.partition(":")
        assert callable(getattr(import_module(f"emr_nb.server.{module}"), name)), operation.path
        assert set(operation.parts) <= set(operation.takes.__struct_fields__)


def test_app_and_table_have_one_prefix():
    from emr_nb.server import app

    assert app.PREFIX == PREFIX


def test_the_document_names_each_route_and_only_schemas_that_it_has():
    made = document()
    text = json.dumps(made)
    assert {(m.upper(), p) for p, methods in made["paths"].items() for m in methods} == {
        (o.method, PREFIX + o.path) for o in OPERATIONS
    }
    ids = [o["operationId"] for methods in made["paths"].values() for o in methods.values()]
    assert len(set(ids)) == len(ids)
    used = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= set(made["components"]["schemas"])


# -- requests that make no sense ----------------------------------------------------------------

ODD = st.one_of(
    st.text(max_size=40),
    st.integers(),
    st.sampled_from(["j-1", "/", "/d", "s3://", "hdfs://x/", "file:///etc/passwd", "..", "%00",
                     "\x00", "a" * 20_000, "-1", "true", "1e400", "NaN", "j-2"]),
)  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_makes_the_server_fail(served, operation, data):
    from urllib.parse import quote

    rig = served
    path = PREFIX + operation.path
    for part in operation.parts:
        value = str(data.draw(st.one_of(st.just("j-1"), ODD)))
        value = "x" if value in (".", "..") else value  # a client takes those for other paths
        path = path.replace(f"{{{part}}}", quote(value.encode("utf-8", "replace"), safe="") or "x")
    names = [n for n in operation.takes.__struct_fields__ if n not in operation.parts]
    values = {n: data.draw(ODD) for n in names if data.draw(st.booleans())}
    if operation.in_query:
        given = {"params": {k: str(v).encode("utf-8", "replace") for k, v in values.items()}}
        given |= {"content": b"x"} if operation.method == "PUT" else {}
    else:
        nested = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
        body = {**values, **{n: data.draw(nested) for n in names if data.draw(st.booleans())}}
        given = {"content": json.dumps(body).encode()}
    if len(path) > 40_000 or operation.path.endswith("/start"):
        return
    reply = rig.ask(operation.method, path, **given)
    assert reply.status < 500, (path[:200], values, reply.content[:500])
    if reply.status >= 400 and reply.content:
        assert set(reply.json) == {"kind", "what", "where", "advice", "message"}
