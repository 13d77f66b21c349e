"""The `emr-nb` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """Return the command's grammar."""
    from emr_nb.local import commands, demo

    made = argparse.ArgumentParser(prog="emr-nb", description="Notebooks as clients of Amazon EMR")
    verbs = made.add_subparsers(dest="command", required=True, metavar="demo|local")
    demo.add_parser(verbs)
    commands.add_parser(verbs)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; errors of ours are told without a traceback, with exit code 1."""
    from emr_nb.errors import EmrError
    from emr_nb.local import commands, demo

    options = parser().parse_args(arguments)
    runs = {"demo": demo.run, "local": commands.run}
    try:
        return runs[options.command](options, sys.stdout)
    except EmrError as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
