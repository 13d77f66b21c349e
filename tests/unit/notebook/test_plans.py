"""Plans as trees: what Hive, Spark and Trino print, shortened from what they really answered."""

from emr_nb.engines.sql.plans import plan_of, plan_text
from emr_nb.notebook.answers import bundle
from emr_nb.notebook.plan_view import Plan

HIVE = """STAGE DEPENDENCIES:
  Stage-1 is a root stage
  Stage-0 depends on stages: Stage-1

STAGE PLANS:
  Stage: Stage-1
    Map Reduce
      Map Operator Tree:
          TableScan
            alias: t
            Statistics: Num rows: 3000/1 Data size: 9 Basic stats: COMPLETE Column stats: NONE
            Map Join Operator
              condition map:
                   Inner Join 0 to 1
              keys:
                0 _col0 (type: int)
                1 _col0 (type: int)
              outputColumnNames: _col1
              Statistics: Num rows: 1 Data size: 3 Basic stats: COMPLETE Column stats: NONE
              File Output Operator
                compressed: false
                table:
                    input format: org.apache.hadoop.mapred.SequenceFileInputFormat

  Stage: Stage-0
    Fetch Operator
      limit: -1
      Processor Tree:
        ListSink
"""
TRINO = """Trino version: 476
Queued: 2.83ms, Analysis: 25.49ms, Planning: 151.81ms, Execution: 813.18ms
Fragment 1 [HASH]
    CPU: 6.18ms, Scheduled: 12.75ms, Blocked 1.36s (Input: 702.06ms, Output: 0.00ns), Input: 3 rows (50B); per task: avg.: 3.00 std.dev.: 0.00, Output: 3 rows (50B)
    Output layout: [b, count]
    Aggregate[type = FINAL, keys = [b]]
    │   Layout: [b:varchar, count:bigint]
    │   CPU: 3.00ms (5.00%), Scheduled: 4.00ms (1.76%), Blocked: 0.00ns (0.00%), Output: 3 rows (50B)
    │   count := count(count_0)
    ├─ LocalExchange[partitioning = HASH, arguments = [b::varchar]]
    │  │   CPU: 1.00ms (1.67%), Scheduled: 6.00ms (2.64%), Blocked: 653.00ms (48.19%), Output: 3 rows (50B)
    │  └─ RemoteSource[sourceFragmentIds = [2]]
    │         Layout: [b:varchar, count_0:bigint]
    └─ TableScan[table = hive:surface:t]
           CPU: 16.00ms (93.33%), Scheduled: 112.00ms (49.34%), Blocked: 0.00ns (0.00%), Output: 12000 rows (23B)
           b := b:string:REGULAR

"""  # noqa: E501 -- as it is printed
SPARK = """== Physical Plan ==
AdaptiveSparkPlan (5)
+- HashAggregate (4)
   :- Filter (2)
   :  +- Scan parquet spark_catalog.surface.t (1)
   +- Project (3)


(1) Scan parquet spark_catalog.surface.t
Output [2]: [a#8, b#9]
Batched: true
PushedFilters: [IsNotNull(a)]

(2) Filter
Condition : isnotnull(a#8)

(3) Project
Output [1]: [b#9]

(4) HashAggregate
Keys [1]: [b#9]

(5) AdaptiveSparkPlan
Output [1]: [b#9]
Arguments: isFinalPlan=false
"""


def test_hives_plan_is_a_tree_of_operators_with_their_facts():
    lines = plan_text([(line,) for line in HIVE.splitlines()]).splitlines()
    assert lines == [
        "STAGE DEPENDENCIES · Stage-1 is a root stage · Stage-0 depends on stages: Stage-1",
        "STAGE PLANS",
        "  Stage: Stage-1",
        "    Map Reduce",
        "      Map Operator Tree",
        "        TableScan · alias: t · 1 row, 3,000 expected",
        (
            "          Map Join Operator · condition map: Inner Join 0 to 1"
            " · keys: 0 _col0 (type: int), 1 _col0 (type: int) · ≈ 1 row"
        ),
        "            File Output Operator",
        "  Stage: Stage-0",
        "    Fetch Operator · Processor Tree: ListSink",
    ]


def test_a_plan_that_trino_has_run_tells_rows_and_time():
    nodes, _ = plan_of([(TRINO,)])
    lines = Plan.of(nodes, TRINO).splitlines()
    assert lines == [
        (
            "Query · Trino version: 476 · Queued: 2.83ms, Analysis: 25.49ms, Planning: 151.81ms,"
            " Execution: 813.18ms"
        ),
        "Fragment 1 [HASH] · 3 rows (50B) · CPU 6.18ms",
        (
            "  Aggregate · type = FINAL, keys = [b] · 3 rows (50B) · CPU 3.00ms (5.00%)"
            " · count := count(count_0)"
        ),
        (
            "    LocalExchange · partitioning = HASH, arguments = [b::varchar] · 3 rows (50B)"
            " · CPU 1.00ms (1.67%)"
        ),
        "      RemoteSource · sourceFragmentIds = [2]",
        (
            "    TableScan · table = hive:surface:t · 12,000 rows (23B) · CPU 16.00ms (93.33%)"
            " · b := b:string:REGULAR"
        ),
    ]


def test_sparks_plan_has_the_facts_of_its_numbers():
    assert plan_text([(SPARK,)]).splitlines() == [
        "AdaptiveSparkPlan",
        "  HashAggregate · Keys [1]: [b#9]",
        "    Filter · Condition : isnotnull(a#8)",
        "      Scan parquet spark_catalog.surface.t · PushedFilters: [IsNotNull(a)]",
        "    Project",
    ]


def test_its_page_folds_and_shows_where_the_time_went():
    html = bundle(Plan.of(*plan_of([(TRINO,)])))["text/html"]
    assert html.count("<details open>") == 3  # those that have something below them
    assert "width:56px' title='93 % of the processor time'" in html
    assert "Layout: [b:varchar, count:bigint]" in html  # where the pointer rests
    assert html.count("<details") == html.count("</details>")


def test_what_is_hostile_in_a_plan_does_not_run():
    plan = Plan.of(*plan_of([("<script>alert(1)</script>",), ("  x: '\"><b onclick=1>",)]))
    html = plan._repr_html_()
    assert "<script" not in html
    assert "<b onclick" not in html
    assert "title='x: &#x27;&quot;" in html


def test_a_large_plan_begins_folded():
    deep = "\n".join(f"{' ' * n}Operator{n}\n{' ' * n} a: 1" for n in range(100))
    html = Plan.of(*plan_of([(deep,)]))._repr_html_()
    assert html.count("<details open>") == 3


def test_a_plan_that_is_not_read_is_shown_as_it_is():
    assert Plan.of(*plan_of([("",)])) == ""
    assert Plan.of(*plan_of([("just words",)])) == "just words"
