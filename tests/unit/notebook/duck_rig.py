"""What tests of SQL cells on DuckDB look at: bound names, journal rows, summary lines."""

SLOW = "select sum(sin(a.range * b.range)) from range(10000000) a, range(100000) b"


def value(bench, name):
    return bench.shell.user_ns[name]


def rows(bench):
    """Return the journal's statements, oldest first."""
    return list(reversed(bench.notebook.journal.statements()))


def lines(bench):
    """Return the summary lines on the page."""
    return [line for line in bench.screen.plain.splitlines() if line[:1] in "✓✗■"]
