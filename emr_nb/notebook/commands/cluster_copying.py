"""cp --distcp: copies between HDFS and S3 that the cluster runs by itself."""

from __future__ import annotations

from collections.abc import Sequence

from emr_nb.context import ClusterContext
from emr_nb.errors import ClusterError, FileError, UsageError
from emr_nb.files.cluster_copy import is_large, refusal, run_on_cluster, step_of
from emr_nb.files.plans import Plan, refuse_existing
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Records
from emr_nb.notebook.commands.copy_line import CopyLine, copied
from emr_nb.notebook.commands.file_lines import Paths, typed
from emr_nb.notebook.confirming import confirm
from emr_nb.notebook.look import plural, size
from emr_nb.notebook.options import Parsed
from emr_nb.notebook.places import is_notebook


def offered(
    paths: Paths, entries: Sequence[FileEntry], target: FilePath, plan: Plan, given: Parsed
) -> bool:
    """Offer to have the cluster copy what is large; nobody is asked who cannot answer."""
    watched = is_notebook(paths.notebook.shell) and not paths.notebook.place.headless
    if not watched or given["yes"] or given["dry"] or len(entries) > 1:
        return False
    if not is_large(entries[0].path, target, plan) or not _able(paths):
        return False
    lines = [f"copy {plural(len(plan.transfers), 'file')}, {size(plan.bytes)}"]
    question = "Copy it on the cluster, by an EMR step, instead of through this notebook?"
    return confirm(paths.notebook, lines, question, where="%emr cp")


def context_of(paths: Paths) -> ClusterContext:
    """Return the cluster as what runs steps knows it; raises ClusterError."""
    context = getattr(paths.made.cluster, "context", None)
    if not isinstance(context, ClusterContext):
        raise ClusterError("This cluster has no control plane", where=paths.made.name)
    return context


def hint(paths: Paths, entries: Sequence[FileEntry], target: FilePath, plan: Plan) -> list[str]:
    """Return what to say below a large copy that the cluster could have run."""
    could = is_large(entries[0].path, target, plan) and _able(paths)
    return ["--distcp has the cluster copy as much as this by itself"] * could


def _able(paths: Paths) -> bool:
    context = getattr(paths.made.cluster, "context", None)
    return isinstance(context, ClusterContext) and not refusal(context)


def on_cluster(
    paths: Paths, given: Parsed, entries: list[FileEntry], place: FilePath, plan: Plan
) -> Records[FileEntry]:
    """Copy by a step of the cluster, and compare what is there with the source."""
    if len(entries) != 1:
        raise UsageError("--distcp takes one source", where="%emr cp")
    if plan.changed:
        raise UsageError("--distcp cannot change names, and some have to", where="%emr cp",
                         advice="Leave --distcp away.")  # fmt: skip
    if not given["overwrite"]:
        refuse_existing(plan.transfers)
    source = entries[0]
    words = step_of(source.path, place, is_directory=source.is_directory)
    line = CopyLine(paths.notebook, f"cp --distcp {source.name}")
    step = ""

    def work() -> None:
        nonlocal step
        step = run_on_cluster(context_of(paths), words, told=line.note)

    line.run(work)
    made, wanted = paths.files.du(place), paths.files.du(source.path)
    if (made.files, made.bytes) != (wanted.files, wanted.bytes):
        raise FileError(
            f"The step ended well, but {plural(made.files, 'file')} with {made.bytes:,} bytes are "
            f"there, and the source has {wanted.files:,} with {wanted.bytes:,}",
            where=typed(place), advice="%emr sync --dry-run says which differ.",
        )  # fmt: skip
    return copied([paths.files.info(place)], None, (f"copied on the cluster by step {step}",))
