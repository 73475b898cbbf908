"""Short forms of the commands in tests/faults, over the server that the other browser tests use. Killed workers are in
tests/core/test_jobs.py."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from core.jobs.limits import memory_mb
from tests.faults import disk, flips, hostile, load
from tests.faults.client import Browser, Visitor, run

pytestmark = pytest.mark.slow


def test_every_flipped_bit_is_noticed(tmp_path):
    store = flips.copied_run(tmp_path)
    (copy,) = store
    files = len([f for f in copy.path.rglob("*") if f.is_file()])
    assert Counter(outcome for _, outcome in flips.flips(store, 2 * files)) == {"noticed": 2 * files}
    assert str(copy.status()) == "complete", "whole again"


def test_hostile_links_and_uploads_start_nothing_and_break_nothing(dashboard_url, dashboard_cache):
    before = set(dashboard_cache.glob("runs/*"))
    tally = run(hostile.attack(SimpleNamespace(url=dashboard_url), 10, seed=3))
    assert tally.wrong == [] and tally.links == 9 and tally.uploads == 1
    assert set(dashboard_cache.glob("runs/*")) == before


def test_a_few_visitors_at_once_see_no_error(dashboard_url):
    server = SimpleNamespace(url=dashboard_url, memory_mb=memory_mb)
    tally = run(load.load(server, visitors=4, seconds=3, pause=0.5))
    assert not tally.errors and len(tally.cold) >= 4 and tally.bytes > 1_000_000, (
        "pages were drawn and their files fetched"
    )


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((path, {}) for path in load.CHOICES if path != "samples"),
        *(("samples", query) for query in ({}, *load.CHOICES["samples"], {"source": "class"})),
        *((path, {}) for path in ("training", "walkthrough", "scorecard", "own_images")),
        ("kl_weight", {"beta": "0.25"}),
        ("kl_weight", {"beta": "5.55"}),
        ("kl_weight", {"beta": "0.25", "train_in": "the server"}),
    ],
    ids=lambda value: value if isinstance(value, str) else urlencode(value),
)
def test_a_simulated_visitor_fetches_the_files_that_a_browser_fetches(visit, dashboard_url, path, query):
    async def simulated() -> set[str]:
        async with Visitor(dashboard_url, Browser()) as visitor:
            return (await visitor.open(path, query)).media

    page = visit(f"/{path}?{urlencode(query)}")
    wanted = run(simulated())
    now = "performance.getEntriesByType('resource').map(({name}) => new URL(name).pathname)"
    page.wait_for_function(
        f"files => {{ const seen = {now}; return files.every(f => seen.includes(f)); }}", arg=[*wanted]
    )
    page.wait_for_load_state("networkidle")
    assert {file for file in page.evaluate(now) if file.startswith("/media/")} == wanted


def test_a_disk_too_small_is_told_and_leaves_nothing_that_looks_like_a_run(tmp_path):
    found = disk.verdict(disk.command(tmp_path / "cache", 50_000), tmp_path / "cache")
    assert found["code"] == 2 and not found["traceback"] and found["taken for a run"] == 0
    assert "cannot be written (File too large)" in found["said"] and "give another folder" in found["said"]
