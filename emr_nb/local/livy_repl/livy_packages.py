"""EMR's notebook-scoped libraries: sc.install_pypi_package and its like. Parses as Python 3.7.

Packages go into a virtual environment of this session alone, first on the path of the driver's
Python and of the session's Python workers; it is deleted with the session. As on EMR, what was
there before stays: a newer version hides it, and uninstalling refuses it.
"""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

INSTALL_SECONDS = 900.0
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class Packages:
    """The packages of one session; `home` is its folder, made at the first install."""

    def __init__(self, sc: Any, home: str) -> None:
        self._sc = sc
        self._home = home
        self._generation = 0
        self._site = ""

    def offer(self) -> None:
        """Give the Spark context EMR's three methods."""
        self._sc.install_pypi_package = self.install
        self._sc.list_packages = self.list
        self._sc.uninstall_package = self.uninstall

    def install(self, pypi_package: str, repo_url: "str | None" = None) -> None:
        """Install a package, `name` or `name==version`, for this session and its workers.

        `repo_url` is another index than pip's own. Prints what pip says; raises ValueError for
        what is no requirement, RuntimeError where pip fails.
        """
        _name_of(pypi_package)
        if repo_url is not None and repo_url.startswith("-"):
            raise ValueError(f"{repo_url!r} is no URL of an index")
        self._prepare()
        before = self._own()
        index = [f"--index-url={repo_url}"] if repo_url else []
        told = self._pip("install", *index, pypi_package)
        print(told.rstrip())  # noqa: T201 - the cell's output
        after = self._own()
        changed = [name for name in after if after[name] != before.get(name)]
        self._changed()
        stale = self._imported_before(changed)
        if stale:
            names = ", ".join(sorted(stale))
            print(f"Already imported, so the session goes on with the old one: {names}")  # noqa: T201

    def list(self) -> None:
        """Print every package that this session sees, with its version."""
        from importlib.metadata import distributions

        found = {}
        for one in distributions():  # the first on the path is the one that is imported
            name = one.metadata["Name"]
            if name and _same(name) not in found:
                found[_same(name)] = (name, one.version)
        rows = [found[key] for key in sorted(found)]
        rows = [row for row in rows if _same(row[0]) != "pip" or not self._is_own_pip()]
        width = max([len("Package"), *(len(name) for name, _ in rows)])
        last = max([len("Version"), *(len(version) for _, version in rows)])
        print(f"{'Package':<{width}} Version\n{'-' * width} {'-' * last}")  # noqa: T201
        for name, version in rows:
            print(f"{name:<{width}} {version}")  # noqa: T201

    def uninstall(self, package_name: str) -> None:
        """Uninstall what `install_pypi_package` installed; raises ValueError for anything else."""
        name = _name_of(package_name)
        if not self._site or _same(name) not in self._own():
            raise ValueError(
                f"{name} was not installed by sc.install_pypi_package in this session, "
                "so it stays; sc.list_packages() shows what there is"
            )
        print(self._pip("uninstall", "--yes", name).rstrip())  # noqa: T201 - the cell's output
        self._changed()

    # -- inside ---------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make the virtual environment, once, and put it first on the paths."""
        if self._site:
            return
        if not Path(self._python).exists():
            import venv

            shutil.rmtree(self._home, ignore_errors=True)
            try:
                venv.create(self._home, with_pip=True, symlinks=True)
            except (OSError, subprocess.CalledProcessError) as error:
                shutil.rmtree(self._home, ignore_errors=True)
                raise RuntimeError(
                    f"The session's virtual environment cannot be made: {error}"
                ) from error
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self._site = str(Path(self._home, "lib", version, "site-packages"))
        if "setuptools" in self._own():  # it came with pip, and would hide the session's own
            self._pip("uninstall", "--yes", "setuptools")
        sys.path.insert(1, self._site)  # behind the folder of the interpreter's own sources
        environment = self._sc.environment
        rest = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (self._site, rest)))

    @property
    def _python(self) -> str:
        return str(Path(self._home, "bin", "python"))

    def _pip(self, *arguments: str) -> str:
        """Run pip in the environment; it sees what the session sees, and changes only its own."""
        command = [self._python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        seen = [path for path in sys.path if path and Path(path).is_dir()]
        others = [path for path in seen if path.endswith(("site-packages", "dist-packages"))]
        # the session's own come first: pip acts on the first package of a name that it finds
        others = [path for path in others if path != self._site]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([self._site, *others])}
        environment.pop("PIP_TARGET", None)
        try:
            done = subprocess.run(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment,
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"pip was not done after {INSTALL_SECONDS:.0f} s") from error
        if done.returncode:
            raise RuntimeError(f"pip {' '.join(arguments)} failed:\n{done.stdout.strip()}")
        return done.stdout

    def _own(self) -> "dict[str, str]":
        """Return the packages of the session's environment but pip, with their versions."""
        from importlib.metadata import distributions

        found = {
            _same(d.metadata["Name"] or ""): d.version for d in distributions(path=[self._site])
        }
        return {name: version for name, version in found.items() if name not in ("", "pip")}

    def _is_own_pip(self) -> bool:
        from importlib.metadata import distributions

        return not any(
            _same(one.metadata["Name"] or "") == "pip"
            for path in sys.path
            if path != self._site
            for one in distributions(path=[path])
        )

    def _changed(self) -> None:
        """Let this interpreter and new workers see the change; old workers are not used again."""
        importlib.invalidate_caches()
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and file.startswith(self._site) and not Path(file).exists():
                del sys.modules[name]
        self._generation += 1
        # Spark keeps Python workers apart by their environment variables
        self._sc.environment["EMR_NB_PACKAGES"] = str(self._generation)

    def _imported_before(self, names: "list[str]") -> "set[str]":
        """Return those of the packages whose modules this interpreter has imported already."""
        from importlib.metadata import distributions

        stale = set()
        for one in distributions(path=[self._site]):
            if _same(one.metadata["Name"] or "") not in names:
                continue
            tops = {str(file).split("/")[0] for file in one.files or ()}
            for top in tops:
                module = sys.modules.get(top[:-3] if top.endswith(".py") else top)
                if module is not None:
                    stale.add(one.metadata["Name"])
        return stale


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    if not found:
        raise ValueError(f"{requirement!r} is no package: write 'name' or 'name==version'")
    return found.group(1)


def _same(name: str) -> str:
    """Return the form in which names of packages are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
