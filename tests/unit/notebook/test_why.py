"""`%emr why`: what statements took, by what the servers really told of them."""

from emr_nb.engines.account import Account, StageAccount
from emr_nb.engines.hive.accounting import account_of as of_hive
from emr_nb.engines.hive.service import Look, State, Status
from emr_nb.engines.presto.accounting import account_of as of_trino
from emr_nb.errors import UsageError
from emr_nb.model import StatementReference
from emr_nb.notebook.accounts import KeptAccounts
from emr_nb.notebook.commands.reasons import facts_of

# the last page of Trino 476, shortened
STATS = {
    "state": "FINISHED", "nodes": 1, "totalSplits": 13, "planningTimeMillis": 698,
    "analysisTimeMillis": 6, "cpuTimeMillis": 278, "queuedTimeMillis": 6,
    "elapsedTimeMillis": 4092, "processedRows": 75175, "processedBytes": 0,
    "physicalInputBytes": 0, "peakMemoryBytes": 1805568, "spilledBytes": 0,
    "rootStage": {"stageId": "0", "totalSplits": 4, "cpuTimeMillis": 6, "processedRows": 12,
                  "processedBytes": 424, "failedTasks": 0, "subStages": [
                      {"stageId": "1", "totalSplits": 9, "cpuTimeMillis": 272,
                       "processedRows": 75175, "processedBytes": 0, "failedTasks": 1,
                       "subStages": []}]},
}  # fmt: skip
# HiveServer2 3.1.3, its jobs inside the server
TASKS = (
    '[{"beginTime":1,"endTime":2,"taskId":"Stage-1","taskState":"FINISHED","taskType":"MAPRED",'
    '"elapsedTime":8149},{"taskId":"Stage-2","taskState":"FINISHED","taskType":"MAPRED",'
    '"elapsedTime":4544},{"taskId":"Stage-0","taskType":"FETCH"}]'
)
LOG = (
    "INFO  : Completed compiling command(queryId=root_2026); Time taken: 2.336 seconds",
    "INFO  : Stage-Stage-1:  HDFS Read: 585824412 HDFS Write: 1872140 SUCCESS",
    "INFO  : Completed executing command(queryId=root_2026); Time taken: 12.784 seconds",
)
# what a cluster's own jobs and Tez's summary look like
MR = "INFO  : Stage-Stage-1: Map: 3  Reduce: 1   Cumulative CPU: 7.5 sec   HDFS Read: 2048 HDFS"
TEZ = (
    "INFO  :   VERTICES      DURATION(ms)   CPU_TIME(ms)    GC_TIME(ms)   INPUT_RECORDS   OUT",
    "INFO  :      Map 1           5,092.00         12,340            90        1,000,000     10",
    "INFO  :  Reducer 2             512.00            640             0               10      0",
)


def look(tasks=""):
    return Look(Status(0), State.FINISHED, tasks=tasks)


def test_trinos_last_page():
    facts = dict(facts_of(of_trino(STATS)))
    assert facts["took"] == "4.1 s · 0.3 s of processor time · on 1 node"
    assert facts["queued"] == "0.0 s"
    assert facts["planned"] == "0.7 s"
    assert facts["slowest stage"] == (
        "stage 1 · 0.3 s of processor time, 98 % · 75,175 rows · 9 tasks (of 2 stages)"
    )
    assert facts["read"] == "75,175 rows"
    assert facts["spilled"] == "nothing"
    assert facts["peak memory"] == "1.7 MiB"
    assert facts["failed"].startswith("1 task ran again")
    assert of_trino({}) is None


def test_hives_stages_have_their_own_times():
    facts = dict(facts_of(of_hive(look(TASKS), LOG, 16.0)))
    assert facts["took"] == "16 s"
    assert facts["planned"] == "2.3 s"
    assert facts["slowest stage"] == "Stage-1 · 8.1 s (of 2 stages)"
    assert "queued" not in facts  # nobody told


def test_a_clusters_jobs_tell_their_tasks_and_what_they_read():
    (stage, _) = of_hive(look(TASKS), [MR], 16.0).stages
    assert (stage.tasks, stage.cpu, stage.bytes) == (4, 7.5, 2048)


def test_tez_tells_its_vertices_where_it_prints_its_summary():
    account = of_hive(look(), TEZ, 6.0)
    assert account.unit == "vertex"
    assert account.rows == 1_000_000
    facts = dict(facts_of(account))
    assert facts["slowest vertex"].startswith("Map 1 · 5.1 s · 1,000,000 rows")


def test_one_piece_of_advice_for_what_took_long():
    long = Account(elapsed=100, queued=80, planned=60, spilled=3 * 2**30)
    facts = dict(facts_of(long))
    assert "another queue" in facts["queued"]
    assert "filter by the partition's columns" in facts["planned"]
    assert facts["spilled"].startswith("3.0 GiB; more memory")
    assert ";" not in dict(facts_of(Account(elapsed=1.0, queued=0.9)))["queued"]  # too short
    assert list(facts_of(Account())) == []


def test_the_slowest_is_by_time_else_by_processor_time():
    fast, slow = StageAccount("a", seconds=1, cpu=9), StageAccount("b", seconds=2, cpu=1)
    assert Account((fast, slow)).slowest is slow
    assert Account((StageAccount("a", cpu=9), StageAccount("b", cpu=1))).slowest.name == "a"
    assert Account((StageAccount("a"),)).slowest is None


class Statement:
    """A statement that tells what it took."""

    def __init__(self, tag, account):
        self.reference = StatementReference(tag, "c", "trino", "s")
        self.account = account


def test_accounts_are_found_by_tag_and_the_oldest_go():
    kept = KeptAccounts()
    kept.keep(Statement("first", Account(elapsed=1)))
    kept.keep(Statement("none", None))
    kept.keep(object())
    assert kept.find("")[0] == "first"
    for number in range(200):
        kept.keep(Statement(f"n{number}", Account(elapsed=number)))
    assert kept.find("first") is None
    assert kept.find("")[0] == "n199"
    assert kept.find("n7")[1].elapsed == 79  # the newest of those that begin so


def test_the_command(duck, monkeypatch):
    result = duck.run("%emr why", fails=True)
    assert isinstance(result.error_in_exec, UsageError)
    duck.run("%%duckdb -q\nselect 42")
    (row,) = duck.notebook.journal.statements()
    duck.notebook.accounts.keep(Statement(row.tag, of_trino(STATS)))
    facts = dict(duck.run("%emr why").result)
    assert facts["statement"] == f"{row.tag[:8]} · select 42"
    assert dict(duck.run(f"%emr why {row.tag[:6]}").result) == facts
    assert "Nothing is known of 'nix'" in str(duck.run("%emr why nix", fails=True).error_in_exec)
