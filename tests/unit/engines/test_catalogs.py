"""A catalog that is kept: asked once a level, until it is forgotten or old."""

import threading

from emr_nb.engines.catalogs import KeptCatalog
from emr_nb.model import CatalogNode

NODE = CatalogNode("a", "schema", "`a`")


def make(**options):
    asked = []

    def look(parent, seconds):
        asked.append((parent, seconds))
        return [CatalogNode(f"t{len(asked)}", "table", "t")]

    return KeptCatalog(look, **options), asked


def test_a_level_is_asked_for_once_until_it_is_forgotten():
    catalog, asked = make()
    assert catalog.age(NODE) is None
    assert catalog.children(NODE) is catalog.children(NODE, 1.0)
    assert catalog.children()[0].name == "t2"
    assert asked == [(NODE, 20.0), (None, 20.0)]
    assert catalog.age(NODE) >= 0
    catalog.forget()
    assert catalog.age(NODE) is None
    assert catalog.children(NODE)[0].name == "t3"


def test_what_is_old_is_asked_anew():
    now = [0.0]
    catalog, asked = make(kept=10.0, clock=lambda: now[0])
    catalog.children(NODE)
    now[0] = 9.0
    catalog.children(NODE)
    assert len(asked) == 1
    now[0] = 10.5
    catalog.children(NODE)
    assert len(asked) == 2


def test_what_was_asked_before_a_change_is_not_kept():
    begun, changed = threading.Event(), threading.Event()
    answers = iter(["old", "new"])

    def look(_, __):
        begun.set()
        changed.wait(5)
        return [CatalogNode(next(answers), "table", "t")]

    catalog = KeptCatalog(look)
    asking = threading.Thread(target=catalog.children, args=(NODE,))
    asking.start()
    begun.wait(5)
    catalog.forget()
    changed.set()
    asking.join(5)
    assert catalog.age(NODE) is None
    assert catalog.children(NODE)[0].name == "new"
