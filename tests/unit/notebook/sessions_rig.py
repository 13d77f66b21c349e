"""The notebook's own session, and what a line of a cell gives."""

NAME = "emr_nb/ada/flights/abc123"
PATH = "/home/ada/flights.ipynb"


def value(bench, line):
    bench.run(f"_v = {line}")
    return bench.shell.user_ns["_v"]
