"""The bytes that may be loaded follow the free memory, or the user."""

from __future__ import annotations

from emr_nb.results.budget import byte_budget, free_memory


def test_a_share_of_what_is_free() -> None:
    free = free_memory()
    assert free > 1 << 20
    assert 0.5 * free < byte_budget() * 4 < 2 * free
    assert 0.5 * free < byte_budget(form="arrow") * 2 < 2 * free


def test_the_user_may_choose() -> None:
    assert byte_budget(123, "arrow") == byte_budget(123) == 123
