"""The figures of Hive, Trino and the Presto dialect as the table that README shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.cases import median

NAMES = {"hive": "Hive", "trino": "Trino", "presto": "Presto dialect"}


def markdown(raw: dict[str, Any]) -> str:
    """Return one Markdown table, a line a figure: ours, what stands beside it, the ratio."""
    lines = ["| what | emr_nb | beside it | ratio |", "|---|---|---|---|"]
    for engine, found in raw["replay"].items():
        lines += replayed(engine, found, raw["sizes"]["recorded"])
    for engine, answers in raw["ends"].items():
        lines += ended(engine, answers, raw["sizes"]["ends"])
    lines += [spooled(int(rows), found) for rows, found in raw["spooled"].items()]
    for engine, found in raw["short"].items():
        lines += short(engine, found)
    return "\n".join(lines + raw.get("lines", []))


def line(what: str, ours: str, theirs: str, ratio: float | None = None) -> str:
    return f"| {what} | {ours} | {theirs} | {f'{ratio:.1f}×' if ratio else ''} |"


def of(answers: list[dict[str, Any]], key: str) -> float:
    return median([answer[key] for answer in answers])


def replayed(engine: str, found: dict[str, Any], rows: int) -> list[str]:
    """The clients alone: CPU of their process, which nothing else on the machine lengthens."""
    mine, lines = found["answers"][engine], []
    for rival, theirs in found["answers"].items():
        if rival == engine:
            continue
        same = "same values" if found["same"][rival] else "other values"
        cpu, their_cpu = of(mine, "cpu"), of(theirs, "cpu")
        lines.append(
            line(
                f"{NAMES[engine]}, client alone: {rows:,} recorded rows × 6 → pandas, CPU",
                f"{cpu:.2f} s ({of(mine, 'seconds'):.2f} s wall)",
                f"{rival} {their_cpu:.2f} s ({of(theirs, 'seconds'):.2f} s wall), {same}",
                their_cpu / cpu,
            )
        )
    return lines


def ended(engine: str, answers: dict[str, list[dict[str, Any]]], rows: int) -> list[str]:
    """The real server at the other end."""
    discard = of(answers[f"discard {engine}"], "seconds")
    ours = of(answers[engine], "seconds")
    what = f"{NAMES[engine]}, real server: {rows:,} rows × 6 → pandas"
    lines = [
        line(
            what,
            f"{ours:.2f} s ({ours / discard:.2f}× of fetching alone)",
            f"fetched and discarded {discard:.2f} s",
        )
    ]
    for name, theirs in answers.items():
        if name not in (engine, f"discard {engine}"):
            seconds = of(theirs, "seconds")
            lines.append(line("… beside", "", f"{name} {seconds:.2f} s", seconds / ours))
    return lines


def spooled(rows: int, found: dict[str, list[dict[str, Any]]]) -> str:
    """The direct protocol, which is the default, and the spooled one of the same server."""
    times = {way: of(answers, "seconds") for way, answers in found.items()}
    others = ", ".join(f"spooled {way} {s:.2f} s" for way, s in times.items() if way != "direct")
    best = min(s for way, s in times.items() if way != "direct")
    what = f"Trino, {rows:,} rows × 6 → pandas, direct (the default)"
    return line(what, f"{times['direct']:.2f} s", others, best / times["direct"])


def short(engine: str, found: dict[str, dict[str, list[float]]]) -> list[str]:
    """What a client takes beyond the engine's own time."""
    costs = {
        name: median([w - o for w, o in zip(told["whole"], told["own"], strict=True)])
        for name, told in found.items()
    }
    mine, own = costs[engine], median(found[engine]["own"])
    return [
        line(
            f"{NAMES[engine]}, `select 1` beyond the engine's own time",
            f"{mine * 1000:.0f} ms (over {own * 1000:.0f} ms)",
            f"{name} {theirs * 1000:.0f} ms",
            theirs / mine,
        )
        for name, theirs in costs.items()
        if name != engine
    ]


def put(file: Path, mark: str, text: str) -> None:
    """Put a text between its two marks in a file."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    head, _, rest = file.read_text(encoding="utf-8").partition(begin)
    tail = rest[rest.index(end) :]
    file.write_text(f"{head}{begin}\n{text}\n\n{tail}", encoding="utf-8")
