"""What loads when: the extension stays light, and lower layers know nothing of upper ones."""

import subprocess
import sys

import pytest

HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "boto3",
    "botocore",
    "ipywidgets",
    "thrift",
    "httpx2",
    "httpcore2",
    "requests",
    "obstore",
    "hdfs_native",
    "orjson",
    "moto",
    "sparkmagic",
)


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has after running the code."""
    script = (
        f"{code}\nimport sys\nprint('MODULES', *sorted({{m.split('.')[0] for m in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("MODULES"))
    return set(line.split()[1:])


LOAD = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "emr_nb")
assert "spark" in shell.magics_manager.magics["cell"]
"""


def test_loading_the_extension_loads_nothing_heavy():
    assert not loaded_after(LOAD) & set(HEAVY)


def test_loading_the_extension_loads_nothing_that_every_start_would_wait_for():
    bare = LOAD.replace('shell.run_line_magic("load_ext", "emr_nb")', "").partition("assert")[0]
    assert not (loaded_after(LOAD) - loaded_after(bare)) & {"asyncio", "email", "zipfile", "ssl"}


def test_the_probe_sees_a_heavy_module():
    assert "boto3" in loaded_after("import boto3")


@pytest.mark.parametrize(
    "module",
    ["model", "errors", "settings", "journal", "cluster", "engines.livy", "files.s3", "cli"],
)
def test_nothing_below_the_notebook_loads_ipython(module):
    loaded = loaded_after(f"import emr_nb.{module}")
    assert not loaded & {"IPython", "ipywidgets", "ipykernel", "tornado"}


@pytest.mark.parametrize("module", ["cluster", "engines.livy", "aws.provider", "local.provider"])
def test_core_modules_load_heavy_libraries_on_first_use(module):
    assert not loaded_after(f"import emr_nb.{module}") & {"pandas", "pyarrow", "boto3", "moto"}
