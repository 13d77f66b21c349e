"""Loading and unloading: cheap, complete, and reversible."""

import subprocess
import sys

from emr_nb.notebook.extension import extension_of, load, unload
from emr_nb.notebook.places import find_place
from emr_nb.notebook.state import shutdown_is_clean

LOADING = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "emr_nb")
heavy = {"pandas", "numpy", "pyarrow", "boto3", "botocore", "ipywidgets", "thrift", "httpx2",
         "requests", "urllib3", "obstore", "orjson", "moto"}
print("RESULT", *sorted(heavy & {m.split(".")[0] for m in sys.modules}))
"""


def test_loading_is_cheap(tmp_path):
    """Its time is the bench's; here, that nothing heavy loads and nothing is opened early."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING],
        capture_output=True, text=True, check=True, timeout=120,
        env={"EMR_NB_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    result = next(x for x in done.stdout.splitlines() if x.startswith("RESULT"))
    assert result.split()[1:] == []
    assert not (tmp_path / "journal.sqlite").exists()


def test_unload_takes_everything_back(shell):
    lines, cells = (dict(shell.magics_manager.magics[k]) for k in ("line", "cell"))
    matchers = list(shell.Completer.custom_matchers)
    transformers = list(shell.input_transformers_cleanup)
    configurables = list(shell.configurables)
    load(shell)
    assert "emr" in shell.magics_manager.magics["line"]
    load(shell)  # twice changes nothing
    unload(shell)
    assert dict(shell.magics_manager.magics["line"]) == lines
    assert dict(shell.magics_manager.magics["cell"]) == cells
    assert shell.Completer.custom_matchers == matchers
    assert shell.input_transformers_cleanup == transformers
    assert shell.configurables == configurables
    assert extension_of(shell) is None
    unload(shell)  # quiet


def test_what_was_displaced_comes_back(shell):
    def theirs(line, cell=None):
        return "theirs"

    shell.register_magic_function(theirs, "line_cell", "spark")
    load(shell)
    assert shell.magics_manager.magics["cell"]["spark"] is not theirs
    unload(shell)
    assert shell.magics_manager.magics["cell"]["spark"] is theirs


def test_sql_of_another_extension_is_left_alone(shell):
    def theirs(line, cell=None):
        return "theirs"

    shell.register_magic_function(theirs, "line_cell", "sql")
    load(shell)
    assert shell.magics_manager.magics["cell"]["sql"] is theirs
    assert shell.run_cell("%sql select 1", store_history=False).result == "theirs"
    unload(shell)
    assert shell.magics_manager.magics["cell"]["sql"] is theirs


def test_config_takes_effect(bare):
    bare.run("%config EmrNb.cluster = 'prod'")
    assert bare.notebook.settings.cluster == "prod"


def test_unloading_ends_what_was_begun(bench):
    bench.run("%%spark\n1")
    bench.extension.remove()
    assert bench.engine.closed == ["emr_nb/ada/flights/abc123"]
    assert bench.cluster.closed


class Kernel:
    def __init__(self, **content):
        self._shutdown_message = {"content": content} if content else None


class Shell:
    def __init__(self, kernel=None):
        if kernel is not None:
            self.kernel = kernel


def test_a_shutdown_is_told_from_a_restart_and_from_a_crash():
    assert shutdown_is_clean(Shell())
    assert shutdown_is_clean(Shell(Kernel(status="ok", restart=False)))
    assert not shutdown_is_clean(Shell(Kernel(status="ok", restart=True)))
    assert not shutdown_is_clean(Shell(Kernel()))


def test_places():
    told = find_place({}, {"JPY_SESSION_NAME": "/home/ada/my flights.ipynb"})
    again = find_place({}, {"JPY_SESSION_NAME": "/home/ada/my flights.ipynb"})
    assert told == again
    assert not told.headless
    assert told.session_name("ada").startswith("emr_nb/ada/my_flights/")
    assert find_place({"__vsc_ipynb_file__": "/x/a.ipynb"}, {}).stem == "a"
    first, second = find_place({}, {}), find_place({}, {})
    assert first.headless
    assert first.short_id != second.short_id


def test_hdfs_of_another_extension_is_left_alone(shell):
    shell.register_magic_function(lambda line: f"theirs {line}", "line", "hdfs")
    shell.run_line_magic("load_ext", "emr_nb")
    assert shell.run_line_magic("hdfs", "ls /") == "theirs ls /"
    assert shell.find_line_magic("fs") is not None
