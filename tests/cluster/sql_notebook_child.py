"""An IPython shell with our extension: takes cells as lines of JSON and answers each."""

import json
import re
import resource
import sys

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

_COLOURS = re.compile(r"\x1b\[[\d;]*m")


def main() -> None:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "emr_nb")
    for line in sys.stdin:
        with capture_output() as told:
            result = shell.run_cell(json.loads(line), store_history=True)
        told_result = [repr(result.result)] if result.result is not None else []
        shown = [output.data.get("text/plain", "") for output in told.outputs]
        answer = {
            "success": result.success,
            "text": _COLOURS.sub("", "\n".join([told.stdout, told.stderr, *shown, *told_result])),
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        sys.__stdout__.write(json.dumps(answer) + "\n")
        sys.__stdout__.flush()


if __name__ == "__main__":
    main()
