"""Seeded random faults between a client and Livy: what became of every statement.

Each statement counts its own executions in the driver's JVM, so that what ran twice or never
is known from the cluster, whatever the client was told. Faults pass: a client that settles
what happened can bring every result.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emr_nb.testing.fault_proxy import FaultProxy, Rule
from tests.bench.sides import Ours, Side, Sparkmagic
from tests.bench.start import before

POST, LOOK, SESSION = r"/statements$", r"/statements/\d+$", r"/sessions/\d+$"
DEADLINE = 15.0  # seconds from the cell to its end, a statement's own half second included
LANES = 4  # sessions of each side, among which the statements are shared out: most time is waiting
CALL_SECONDS = 2.0  # what one call may take, for a client that has such a setting

# what goes wrong, as the fault proxy does it; all of it is over when the cell ends
KINDS: dict[str, dict[str, Any]] = {
    **{f"status {code}": {"action": "status", "status": code} for code in (500, 502, 503, 504)},
    "status 429": {"action": "status", "status": 429, "headers": ("Retry-After: 1",)},
    "never forwarded": {"action": "instead", "status": 502},
    "reply lost": {"action": "drop_reply"},
    "connection lost": {"action": "refuse"},
    "no answer": {"action": "hang"},
    "held": {"action": "hold"},
    "late": {"action": "late", "seconds": 3.0},
    "slow answer": {"action": "delay", "seconds": 1.0},
    "cut answer": {"action": "truncate", "after_bytes": 40},
}


@dataclass(frozen=True)
class Fault:
    """One statement's fault: of `times` calls of that kind, `skip` pass before."""

    kind: str
    target: str
    skip: int
    times: int
    seconds: float

    def rule(self) -> Rule:
        method = "POST" if self.target == POST else "GET"
        more: dict[str, Any] = KINDS[self.kind]
        return Rule(method, self.target, skip=self.skip, times=self.times, **more)


@dataclass
class Outcome:
    """What a client made of one statement; `ran` is the cluster's own count."""

    fault: Fault
    seconds: float
    brought: bool
    said: bool  # the cell failed, so that its user knows
    hung: bool
    ran: int = 0


def draw(count: int, seed: int) -> list[Fault]:
    """Draw faults: two of five strike the submit, where a mistake runs a statement twice."""
    chance = random.Random(seed)
    drawn = []
    for _ in range(count):
        target = chance.choice((POST, POST, LOOK, LOOK, SESSION))
        first = target == POST
        drawn.append(
            Fault(
                kind=chance.choice(tuple(KINDS)),
                target=target,
                skip=0 if first else chance.randrange(3),
                times=1 if first else chance.choice((1, 1, 2)),
                seconds=round(chance.uniform(0, 0.5), 3),
            )
        )
    return drawn


def measure(livy: str, python: Path | None, statements: int, seed: int) -> dict[str, Any]:
    """Return each side's scores and outcomes; sparkmagic's too where its Python is given.

    The sides run at the same time; each of their sessions has a proxy of its own.
    """
    first = f"%config EmrNb.request_timeout = {CALL_SECONDS}"
    makers: dict[str, Callable[[str], Side]] = {"emr_nb": lambda url: Ours(livy, url, {}, first)}
    if python is not None:
        makers["sparkmagic"] = lambda url: Sparkmagic(python, livy, url)
    faults = draw(statements, seed)
    lanes = [faults[lane::LANES] for lane in range(LANES)]
    jobs: dict[str, list[Future[list[Outcome]]]] = {}
    with ExitStack() as stack, ThreadPoolExecutor(LANES * len(makers)) as pool:
        for name, make in makers.items():
            for lane in lanes:  # one by one: each finds its own session
                proxy = stack.enter_context(before(livy))
                side = make(f"http://127.0.0.1:{proxy.port}")
                stack.callback(side.close)
                jobs.setdefault(name, []).append(pool.submit(played, side, proxy, lane))
        found = {name: [o for job in jobs[name] for o in job.result()] for name in makers}
    return {
        name: {"scores": scores(outcomes), "outcomes": [asdict(o) for o in outcomes]}
        for name, outcomes in found.items()
    }


def played(side: Side, proxy: FaultProxy, faults: Sequence[Fault]) -> list[Outcome]:
    """Give one session its faults, and count on the cluster what ran."""
    found = run(side, proxy, faults)
    time.sleep(KINDS["late"]["seconds"])  # what was held back has arrived by then
    count(side.livy, side.session, found)
    return found


def statement(number: int, seconds: float) -> str:
    """Return Python that counts its executions in the JVM and says so."""
    jvm = "spark._jvm.java.lang.System"
    return (
        f"import time; time.sleep({seconds})\n"
        f"n = int({jvm}.getProperty('fault.{number}', '0')) + 1\n"
        f"_ = {jvm}.setProperty('fault.{number}', str(n))\n"
        f"print('statement {number} ran', n)"
    )


def run(side: Side, proxy: FaultProxy, faults: Sequence[Fault]) -> list[Outcome]:
    """Give each statement its fault; what outstays the deadline loses its connections."""
    found = []
    for number, fault in enumerate(faults):
        proxy.add(fault.rule())
        began = time.monotonic()
        timer = threading.Timer(DEADLINE, proxy.cut)
        timer.start()
        answer = side.run(side.cell(statement(number, fault.seconds)), told=False)
        timer.cancel()
        proxy.clear()
        brought = f"statement {number} ran 1" in answer["text"]
        seconds = time.monotonic() - began
        found.append(Outcome(fault, seconds, brought, not answer["success"], seconds > DEADLINE))
        if number % 50 == 49:
            print(f"  {side.name}: {number + 1} of {len(faults)}", file=sys.stderr, flush=True)
    return found


def count(livy: str, session: int, found: Sequence[Outcome]) -> None:
    """Ask the cluster itself how often each statement ran, behind the proxy's back."""
    code = (
        "import json\np = spark._jvm.java.lang.System.getProperty\n"
        f"print(json.dumps([int(p('fault.%d' % i, '0')) for i in range({len(found)})]))"
    )
    url = f"{livy}/sessions/{session}/statements"
    headers = {"Content-Type": "application/json", "X-Requested-By": "bench"}
    body = json.dumps({"code": code, "kind": "pyspark"}).encode()
    sent = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(sent, timeout=60) as reply:
        told = json.load(reply)
    while told["state"] in ("waiting", "running"):
        time.sleep(0.2)
        with urllib.request.urlopen(f"{url}/{told['id']}", timeout=60) as reply:
            told = json.load(reply)
    for outcome, ran in zip(found, json.loads(told["output"]["data"]["text/plain"]), strict=True):
        outcome.ran = ran


def scores(found: Sequence[Outcome]) -> dict[str, int]:
    """Count what a user would mind.

    `duplicates` ran more than once; `lost` brought no result of what ran, or ran never;
    `silent` are those of them whose cell counts as successful; `hung` outstayed the deadline.
    """
    lost = [o for o in found if not o.brought]
    return {
        "statements": len(found),
        "duplicates": sum(o.ran > 1 for o in found),
        "lost": len(lost),
        "silent": sum(not o.said for o in lost),
        "hung": sum(o.hung for o in found),
    }
