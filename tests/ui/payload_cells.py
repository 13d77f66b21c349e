"""The cells of a notebook whose kernel plays one with a cluster attached, and shows a table."""

from __future__ import annotations

import textwrap
from pathlib import Path

KERNEL = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from payload_backend import CELLS, MAIN, NAMES
from payloads import ALL
opened = []
def standing(text):
    ui = "javascript:window.pwned=1"
    session = dict(engine="spark", title=text, name=text, state=text, ui=ui, until=None)
    one = dict(id=MAIN, name=text, current=True, spark=True, sessions=[session])
    for comm in opened:
        comm.send({{"type": "standing", "attached": [one]}})
from comm import create_comm
kernel = get_ipython().kernel
def on_open(comm, _):
    opened.append(comm)
    standing("a cluster")
kernel.comm_manager.register_target("emr_nb.notebook", on_open)
kernel.comm_manager.register_comm(create_comm(target_name="emr_nb.notebook", primary=False))
columns = [dict(name=c, type=c, arrow=c, kind="text", nullable=True) for c in CELLS]
table = dict(
    version=1, result="", rows=[list(CELLS)] * 3, held=9, total=None, truncated=True, saved=3,
    notices=list(CELLS), name=ALL, columns=columns,
)
"""
TABLE = """
display({"application/vnd.emr-nb.table.v1+json": table, "text/plain": "a table"}, raw=True)
"""
STAND = """
import time
for name in NAMES:
    standing(name)
    time.sleep(0.05)
"""


def cells() -> list[str]:
    """Return the cells: the kernel's part, the table, the chip's texts, and an empty one."""
    return [textwrap.dedent(cell).strip() for cell in (KERNEL, TABLE, STAND, "")]
