"""sparkmagic as a neighbour: its magics and kernels run on the cluster that emr_nb has attached.

- Its magics in the same kernel: `%spark add -s NAME -l python` needs neither URL nor
  credentials, and `%manage_spark` offers the attached cluster. Whoever was loaded last owns
  `%spark` and `%%spark`, which is said in one line; sparkmagic's are always `%sparkmagic` and
  `%%sparkmagic`, ours always `%%pyspark` and `%%scala`.
- Its PySpark and Spark kernels are processes of their own that read `config.json` when they
  start. `%emr sparkmagic` shows the entry that points them at the attached cluster, and
  `%emr sparkmagic --kernels` writes it; nothing is written unasked. Such a kernel runs on the
  cluster that was attached last, in any notebook of this user, and stays there until it is
  restarted; the credentials are found as `%emr attach` finds them, never in a file.
- Its `config.json` counts for emr_nb too: a bare `%emr attach` takes the Livy URL, user,
  password and headers that it names, and its `session_configs` are the defaults of new sessions
  where `EmrNb.session_conf` has none.

Nothing of sparkmagic is imported before a notebook loads or uses it.
"""

from importlib.util import find_spec

PLACEHOLDER = "http://attached.emr-nb.invalid"  # RFC 2606: never the name of a server
AUTH_NAME = "emr_nb"
AUTH_CLASS = "emr_nb.compat.sparkmagic.auth.EmrAuthenticator"
BEFORE = "emr_nb_before"  # where config.json keeps what our entry displaced


def installed() -> bool:
    """Tell whether sparkmagic is installed here, without importing it."""
    return find_spec("sparkmagic") is not None
