"""A catalog of 10,000 tables: what is shown of it, and what a Tab offers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))  # tests.bench

from tests.bench.catalog import TABLES, measure


def test_200_tables_are_shown_with_the_count_of_all_and_a_tab_gives_the_first():
    found = measure(times=1)
    assert set(found) == {"hive", "trino"}
    for figures in found.values():
        assert figures["listed"] == TABLES
        assert figures["completed"] == 200
        assert figures["first_shown_ms"] > 0
