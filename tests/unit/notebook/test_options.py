"""Option declarations: what a line means, and what is said when it means nothing."""

import pytest

from emr_nb.errors import UsageError
from emr_nb.notebook.options import Option, Parser, nearest

OPTIONS = (
    Option("rows", ("-n", "--rows"), "Rows", "int", "ROWS"),
    Option("out", ("-o",), "Out", "name", "VAR"),
    Option("all", ("-a", "--all"), "All", "flag"),
    Option("human", ("-h",), "Human", "flag"),
    Option("set", ("--set",), "Set", "pair", "K=V", many=True),
    Option("kind", ("--kind",), "Kind", choices=("bar", "line"), default="bar"),
    Option("path", required=True),
    Option("other"),
)
PARSER = Parser("%emr try", "Try.", OPTIONS)
REST = Parser("%spark", "Run.", (*OPTIONS[:4], Option("code", kind="rest")))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/x", {"path": "/x", "other": None, "rows": None, "kind": "bar", "set": ()}),
        ("/x -n 5", {"rows": 5}),
        ("/x -n5", {"rows": 5}),
        ("/x -n=5", {"rows": 5}),
        ("-n -1 /x", {"rows": -1, "path": "/x"}),
        ("--rows 1,000 /x", {"rows": 1000}),
        ("-ah /x", {"all": True, "human": True}),
        ("/x --set a=1 --set b=c=d", {"set": ("a=1", "b=c=d")}),
        ("'/a b' \"c'd\"", {"path": "/a b", "other": "c'd"}),
        (r"C:\new\x y", {"path": r"C:\new\x", "other": "y"}),
        ("s3://b/a'b c'd", {"path": "s3://b/ab cd"}),
        ("--kind=line /x", {"kind": "line"}),
        ("'-n' /x", {"path": "-n", "other": "/x"}),
        ("- /x", {"path": "-", "other": "/x"}),
    ],
)
def test_lines(line, expected):
    found = PARSER.parse(line)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "PATH missing"),
        ("a b c", "no place for 'c'"),
        ("/x --rwos 3", "Did you mean --rows?"),
        ("/x -n", "-n needs ROWS"),
        ("/x -n -a", "-n needs ROWS"),
        ("/x -n x", "whole number"),
        ("/x -o 1a", "name of a variable"),
        ("/x --all=3", "takes no value"),
        ("/x --kind pie", "bar | line"),
        ("/x --kind brr", "Did you mean bar?"),
        ("/x --set =1", "K=V"),
        ("'/x", "quote is not closed"),
    ],
)
def test_errors_say_what_to_do(line, message):
    with pytest.raises(UsageError) as caught:
        PARSER.parse(line)
    assert message in str(caught.value)
    assert "%emr try" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "code", "rows"),
    [
        ("select 1", "select 1", None),
        ("-n 3 select  'a  b' -n 4", "select  'a  b' -n 4", 3),
        ("-a select it's", "select it's", None),
        ('-n=2 -o df select "x', 'select "x', 2),
        ("", None, None),
    ],
)
def test_the_rest_of_a_line_is_taken_as_written(line, code, rows):
    found = REST.parse(line)
    assert (found["code"], found["rows"]) == (code, rows)


def test_an_unknown_flag_before_code_is_no_code():
    with pytest.raises(UsageError, match="no option --quiet"):
        REST.parse("--quiet select 1")


def test_nearest():
    assert nearest("statsu", ("status", "stop")) == "status"
    assert nearest("zzz", ("status", "stop")) == ""
