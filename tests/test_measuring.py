"""How the benchmarks of pages and of many visitors evaluate their measurements; no time is measured here."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import runpy
import subprocess
import time
from types import SimpleNamespace

import pytest

from core import settings
from core.data.sources import DATASETS
from tests.benchmarks import literature, results
from tests.benchmarks.pages import BARE, DRAWN, Pages, measured
from tests.benchmarks.parts import Parts, Unfinished
from tests.faults import disk, flips, hostile, kills, load
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


COMMANDS = [
    path
    for folder in ("benchmarks", "faults")
    for path in sorted((settings.ROOT / "tests" / folder).glob("*.py"))
    if "__main__" in path.read_text()
]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_an_error_in_any_command_is_one_line_and_exit_status_1(path, monkeypatch, capsys):
    """Wherever it arises: here where the command reads its options, outside all parts."""

    def fail(*_, **__):
        raise RuntimeError("two\nlines")

    monkeypatch.setenv("GOMP_SPINCOUNT", "0")  # some set it for themselves
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", fail)
    with pytest.raises(SystemExit) as exited:
        runpy.run_path(str(path), run_name="__main__")
    assert exited.value.code == 1
    assert capsys.readouterr() == ("not finished: RuntimeError: two lines\n", "")


def broken(*_, **__):
    raise RuntimeError("no server here")


def test_a_server_that_does_not_start_is_reported_by_every_fault(capsys):
    def undisturbed(_kills, found, _wait_until):
        found["same weights"] = True

    for main, seams, named in (
        (hostile.main, {"serve": broken}, "a server"),
        (load.main, {"serve": broken}, "a bare page"),
        (kills.main, {"server": broken, "workers": undisturbed}, "server"),
    ):
        assert main([], **seams) == 1
        assert f"not finished: {named}: RuntimeError: no server here" in capsys.readouterr().out


def test_visits_that_hang_end_at_the_limit_with_what_there_was(capsys):
    async def hang(_server, _visitors, _seconds, _pause, _bare, tally, _train):
        tally.seconds["samples"] += [1.25, 1.5]
        await asyncio.sleep(60)

    server = SimpleNamespace(
        processor_seconds=lambda: 0.0, cache=settings.ROOT / "no such folder", log=lambda: "", memory_mb=lambda: 0.0
    )
    arguments = ["--limit", "0.2", "--seconds", "1"]
    assert load.main(arguments, serve=lambda **_: contextlib.nullcontext(server), visit=hang) == 1
    text = capsys.readouterr().out
    assert ["samples", "2", "1.38", "1.50", "1.50"] in [line.split() for line in text.splitlines()]
    assert "not finished: the dashboard: the limit of 0.2 s was reached" in text
    assert "not finished: a bare page: not begun" in text


def test_links_that_hang_end_at_the_limit_with_what_there_was(capsys):
    async def hang(_server, _count, tally):
        tally.links = 7
        await asyncio.sleep(60)

    def report(_server, tally):
        return [], f"{tally.links} links"

    nobody = {"serve": lambda **_: contextlib.nullcontext(), "attack": hang, "report": report}
    assert hostile.main(["--limit", "0.2", "--count", "9"], **nobody) == 1
    text = capsys.readouterr().out
    assert "7 links\n" in text and "not finished: 9 links and uploads: the limit of 0.2 s was reached" in text


def test_flips_beyond_the_limit_are_left_out_and_those_done_are_counted(capsys):
    def slow(_store, count):
        for _ in range(count):
            time.sleep(0.15)
            yield "config.json", "noticed"

    assert flips.main(["--flips", "50", "--limit", "0.2"], flips=slow) == 1
    text = capsys.readouterr().out
    assert "flips: " in text and " noticed; afterwards the run is complete" in text
    assert "not finished: 50 flips: Unfinished: the limit of 0.2 s was reached" in text


@pytest.mark.parametrize(("outcome", "status"), [("noticed", 0), ("shown", 1)])
def test_a_flip_that_is_not_noticed_is_exit_status_1(outcome, status):
    assert flips.main([], flips=lambda *_: (pair for pair in [("config.json", outcome)])) == status


def test_a_wait_ends_by_its_own_time_and_by_the_limit():
    with pytest.raises(Unfinished, match=r"more than 0\.05 s"):
        kills.waiter(Parts(60), 0.05)(lambda: False)
    with pytest.raises(Unfinished, match=r"the limit of 0\.05 s"):
        kills.waiter(Parts(0.05), 60)(lambda: False)
    kills.waiter(Parts(60))(lambda: True)


def test_kills_tell_what_they_found_before_the_limit(capsys):
    def stuck(_count, found, wait_until):
        found["told"] = 3
        wait_until(lambda: False)

    assert kills.main(["--limit", "0.1"], workers=stuck) == 1
    text = capsys.readouterr().out
    assert "workers: told 3" in text and "not finished: server: not begun" in text


def test_a_disk_that_hangs_is_told_and_the_rest_left_out(capsys):
    def hang(_cache, _limit=None, timeout=None):
        time.sleep(timeout)
        raise subprocess.TimeoutExpired("train", timeout)

    def mounted(folder, _options):
        return contextlib.nullcontext(folder)

    assert disk.main(["--limit", "0.2"], command=hang, mounted=mounted) == 1
    text = capsys.readouterr().out
    assert "not finished: files of at most 2,000 bytes: the limit of 0.2 s was reached" in text
    assert "not finished: with room again: not begun" in text


def test_a_table_that_cannot_be_made_is_named_and_the_others_are_printed(capsys):
    def broken(_store):
        raise KeyError("fd")

    tables = {"results": lambda _store: "one table", "scorecard": broken, "machines": lambda _store: "another"}
    assert results.main([], tables) == 1
    text = capsys.readouterr().out
    assert "one table" in text and "another" in text and "not finished: scorecard: KeyError" in text


def test_the_literatures_training_ends_at_its_limit_and_the_rest_is_printed(monkeypatch, capsys):
    monkeypatch.setitem(DATASETS, "mnist", DATASETS["tiny"])
    arguments = ["--images", "128", "--epochs", "500", "--device", "cpu", "--limit", "1"]
    assert literature.main(arguments) == 1
    text = capsys.readouterr().out
    assert "(c)" in text and "not finished: (b): Unfinished: the limit of 1 s was reached" in text
