"""What the benchmarks of pages and of crowds make of their measurements; no time is measured here."""

from __future__ import annotations

import pytest

from tests.benchmarks.pages import BARE, DRAWN, Pages, measured
from tests.faults.load import Tally


def test_a_pages_ratio_is_that_of_medians_and_late_ones_are_named():
    pages = Pages()
    for took in (1.0, 9.0, 2.0):
        pages.add(BARE, took)
    for page, took in (("", 2.6), ("kl_weight", 2.9), ("uses", 3.0)):
        pages.add(page, took)
    assert pages.ratios() == {"": 1.3, "kl_weight": 1.45, "uses": 1.5}
    assert pages.late() == ["uses"], "the weight's page may take longer than the others"
    assert "uses" in pages.table() and BARE in pages.table()
    assert Pages().ratios() == {} and Pages().late() == []


def test_a_browser_that_fails_is_told_with_what_there_was():
    class Broken:
        def new_context(self, **_):
            raise RuntimeError("no browser here")

    pages, problem = measured(Broken(), 1, only=lambda page: not page)
    assert problem == "RuntimeError: no browser here" and pages.times == {}


def test_every_page_of_the_navigation_is_opened():
    from core import settings

    views = {path.stem for path in (settings.ROOT / "dashboard" / "views").glob("*.py")} - {"__init__"}
    assert {page or "start" for page in DRAWN} == views


def test_bytes_per_visit_are_the_second_halfs_growth_over_its_visits():
    tally = Tally()
    for second in range(100):
        tally.memory.append((float(second), 300.0 if second < 80 else 308.0))
        tally.visits.append((float(second), second // 10))
    tally.visits_so_far = 9
    assert tally.bytes_per_visit() == pytest.approx(8e6 / 4)  # visits 6 to 9 began after the 50th second
    assert Tally().bytes_per_visit() is None
