"""The raw figures as the table that README shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.cases import median, percentile


def markdown(raw: dict[str, Any]) -> str:
    """Return one Markdown table, a line a figure: ours, sparkmagic's, the ratio."""
    lines = ["| what | emr_nb | sparkmagic 0.23 | ratio |", "|---|---|---|---|"]
    ours, theirs = raw["load"]["emr_nb"], raw["load"]["sparkmagic"]
    lines.append(
        line(
            "`%load_ext`, warm, fresh process",
            f"{median(ours) * 1000:.0f} ms",
            f"{median(theirs) * 1000:.0f} ms",
            median(theirs) / median(ours),
        )
    )
    lines += latency(raw["latency"])
    for key, name in (("rows_10k", "10,000"), ("rows_100k", "100,000")):
        lines.append(rows(name, raw[key]))
    lines.append(peaks(raw["rows_100k"]))
    lines += spool(raw["spool"])
    lines.append(million(raw["rows_1m"]))
    lines += written(raw["to_10m"])
    lines.append(pushed("100,000", raw["push_100k"]))
    lines.append(pushed("1,000,000", raw["push_1m"]))
    lines.append(line("looks at a statement of 12 s", str(raw["looks"]), "–", None))
    start = raw["start"]
    lines.append(line("local cluster ready, parts cached", f"{start['ready']:.1f} s", "–", None))
    lines.append(line("first idle session after that", f"{start['session']:.1f} s", "–", None))
    memory = f"{start['rss'] / 2**30:.2f} GiB"
    lines.append(line("memory of the cluster with one session", memory, "–", None))
    return "\n".join(lines)


def line(what: str, ours: str, theirs: str, ratio: float | None) -> str:
    return f"| {what} | {ours} | {theirs} | {f'{ratio:.1f}×' if ratio else ''} |"


def latency(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Latency is the time between Livy's `completed` and the end of the cell."""
    values = {name: [r["latency"] for r in rows] for name, rows in found.items()}
    ours, theirs = values["emr_nb"], values["sparkmagic"]
    over = [(r["latency"] - 0.025) / r["ran"] for r in found["emr_nb"]]
    count = len(ours)
    lines = []
    for name, pick in (("p50", 0.5), ("p95", 0.95)):
        a, b = percentile(ours, pick), percentile(theirs, pick)
        lines.append(
            line(
                f"client latency of {count} statements, {name}",
                f"{a * 1000:.0f} ms ({percentile(over, pick) * 100:.1f} % of run time + 25 ms)",
                f"{b * 1000:.0f} ms",
                b / a,
            )
        )
    a, b = sum(ours) / count, sum(theirs) / count
    lines.append(line("… mean", f"{a * 1000:.0f} ms", f"{b * 1000:.0f} ms", b / a))
    return lines


def rows(name: str, found: dict[str, list[dict[str, Any]]]) -> str:
    def told(answers: list[dict[str, Any]]) -> tuple[float, str]:
        if not answers[0]["success"]:
            return 0.0, f"failed: {answers[0]['error']}"
        seconds = median([a["seconds"] for a in answers])
        return seconds, f"{seconds:.2f} s (driver {median([a['driver'] for a in answers]):.2f} s)"

    ours, theirs = told(found["emr_nb"]), told(found["sparkmagic"])
    ratio = theirs[0] / ours[0] if ours[0] and theirs[0] else None
    return line(f"{name} rows × 6 → pandas", ours[1], theirs[1], ratio)


def peaks(found: dict[str, list[dict[str, Any]]]) -> str:
    """Memory is how far the peak rose above what was held before the cell."""
    ours, theirs = (median([a["rss_grown"] for a in found[s]]) for s in ("emr_nb", "sparkmagic"))
    told = [f"{value / 2**20:.1f} MiB" for value in (ours, theirs)]
    return line("… peak memory above what was held, 100,000 rows", *told, theirs / max(ours, 1))


def spool(found: dict[str, Any]) -> list[str]:
    """Ours beside the same Spark writing Parquet and pyarrow reading it."""
    ours, plain = median(found["spool"]), median(found["parquet"])
    told = f"{ours:.2f} s ({ours / plain:.2f}× of Spark's Parquet plus pyarrow, {plain:.2f} s)"
    joined = f"{median(found['joined']) * 1000:.0f} ms"
    return [
        line("1,000,000 rows × 6 → pandas, spooled", told, "–", None),
        line("attach and join a living session, kernel restarted", joined, "–", None),
    ]


def written(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Ours fetches, joins and writes in what is left when the statement has ended."""
    whole, rest = (median([a[key] for a in found["to"]]) for key in ("seconds", "rest"))
    plain = median([a["seconds"] for a in found["pyarrow"]])
    told = f"{whole:.1f} s, {rest:.1f} s of it after the statement"
    told += f" ({plain / rest:.2f}× the rate of pyarrow reading the same parts, {plain:.1f} s)"
    grown = max(a["rss_grown"] for a in found["to"]) / 2**20
    return [
        line("10,000,000 rows × 6 `--to` a local Parquet file", told, "–", None),
        line("… peak memory above what was held", f"{grown:.0f} MiB", "–", None),
    ]


def million(found: dict[str, dict[str, Any]]) -> str:
    def told(answer: dict[str, Any]) -> str:
        frame = answer["frame"]
        if answer["success"] and not frame["missing"]:
            return f"{answer['seconds']:.2f} s, {frame['rows']:,} rows"
        error = answer["error"] or "no DataFrame, and the cell counts as successful"
        return f"fails: {error}".replace("|", "/").replace("\n", " ")[:160]

    ours, theirs = found["emr_nb"], found["sparkmagic"]
    return line("1,000,000 rows × 6 → pandas", told(ours), told(theirs), None)


def pushed(name: str, found: dict[str, list[dict[str, Any]]]) -> str:
    """A push counts as done only when the view has all rows."""

    def told(answers: list[dict[str, Any]]) -> tuple[float, str]:
        failed = [a for a in answers if not a["success"]]
        if failed:
            error = failed[0]["error"] or f"the view has {failed[0]['counted']} rows"
            return 0.0, f"fails: {error}".replace("|", "/").replace("\n", " ")[:160]
        seconds = median([a["seconds"] for a in answers])
        return seconds, f"{seconds:.2f} s"

    ours, theirs = told(found["emr_nb"]), told(found["sparkmagic"])
    ratio = theirs[0] / ours[0] if ours[0] and theirs[0] else None
    return line(f"{name} rows × 6 pandas → temporary view", ours[1], theirs[1], ratio)


def scoreboard(found: dict[str, Any]) -> str:
    """What became of statements that met faults, a line a count, a column a side."""
    names = list(found)
    lines = [f"| {' | '.join(['faults', *names])} |", "|---" * (len(names) + 1) + "|"]
    for what in found[names[0]]["scores"]:
        values = [str(found[name]["scores"][what]) for name in names]
        lines.append(f"| {' | '.join([what, *values])} |")
    return "\n".join(lines)


def types(found: dict[str, list[str]]) -> str:
    """A line per Spark type, a column per way; a type with several cases has its worst."""
    from tests.cluster.type_cases import CASES, loose

    marks = ("✓", "refused", "✗")
    lines = [f"| {' | '.join(['Spark', 'Arrow', *found])} |", "|---" * (len(found) + 2) + "|"]
    for name in dict.fromkeys(case.spark for case in CASES):
        at = [i for i, case in enumerate(CASES) if case.spark == name]
        worst = [max((found[way][i] for i in at), key=marks.index) for way in found]
        cells = [name.replace("|", "/"), loose(CASES[at[0]].arrow), *worst]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_types(file: Path, found: dict[str, list[str]]) -> None:
    """Put the table of types between its two marks in a file."""
    begin, end = "<!-- types -->\n", "<!-- /types -->"
    head, _, rest = file.read_text(encoding="utf-8").partition(begin)
    tail = rest[rest.index(end) :]
    file.write_text(f"{head}{begin}\n{types(found)}\n\n{tail}", encoding="utf-8")
