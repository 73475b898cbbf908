"""Many visitors at once: each clicks from page to page, looks, and now and then asks for a training.

    python -m tests.faults.load                                     50 visitors, 300 s
    python -m tests.faults.load --visitors 8 --seconds 1800 --pause 5     a soak
    python -m tests.faults.load --train browser                     trainings take place in the visitors' browsers

Prints how long pages took, what visitors were told, what went wrong, and the memory of server and worker over time;
then, under the same load in the same run, how long a bare Streamlit page with one picture took. Wanted: no error, the
95th percentile of all pages, the cold start included, at most 3 times the bare page's, and a training finished every
40 s. Exit status 1 where one of these is missed, or something does not finish within the limit: then what there is is
printed.

Whether memory leaks is told by bytes per visit: the growth of the memory that is in use between two moments with as
many sessions. Streamlit keeps a session for two minutes after its visitor has left, and results are kept up to a
limit, so memory grows at first; the second half of a run of ten minutes and more shows what stays.

What it models: everybody arrives within twice the pause, at a server that has just been started, and looks at a page
for an exponentially distributed time, 5 seconds on average, which is a hasty reader's. A visit is the Start page and
a dozen others in any order, each often with another choice made; then the same browser comes back with a new session.
A page's time is from the click to the end of its script with the files fetched that a browser fetches (`fetched`:
pictures, networks, sprites; Streamlit's own scripts before the first page), each once a visitor as in a browser's
cache. Left out: what a browser then computes, and the way through a network. Client and server share this machine's
cores; what each of them used is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.parts import Parts, exit_status
from tests.faults.client import ON_SERVER, Browser, Shown, Visitor, run
from tests.faults.serving import Server, demo_server

BARE = Path(__file__).parents[1] / "e2e" / "apps" / "bare_app.py"
MOST = 3.0  # times the bare page's 95th percentile
COLD = 30.0  # seconds in which a server that has just been started imports and reads what it needs

# What a visitor may click on a page, as its link says it.
SESSION = 12  # pages of one visit, after its first
CHOICES = {
    "": [{"image": str(i)} for i in range(10)],
    "latent_maps": [{"latent": "2"}, {"projection": "PCA"}, {"umap": "1"}],
    "one_image": [{"index": str(i)} for i in range(20)],
    "samples": [{"source": "mixture"}, {"temperature": "0.5"}, {"source": "gaussian", "noise": "3"}],
    "interpolation": [{"a": str(i), "b": str(i + 9)} for i in range(20)],
    "kl_weight": [{"beta": b} for b in ("0.25", "4", "10")],
}


@dataclass
class Tally:
    """What happened."""

    began: float = field(default_factory=time.monotonic)
    seconds: dict[str, list[float]] = field(default_factory=lambda: collections.defaultdict(list))
    cold: list[float] = field(default_factory=list)  # pages asked for in the first seconds
    errors: collections.Counter = field(default_factory=collections.Counter)
    told: collections.Counter = field(default_factory=collections.Counter)
    asked: int = 0
    bytes: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    visits: list[tuple[float, int]] = field(default_factory=list)  # (seconds, visits begun until then)
    visits_so_far: int = 0

    def add(self, page: str, shown: Shown, before: float = 0.0) -> None:
        """Count one page; `before` are the seconds its visitor waited for Streamlit's own files."""
        seconds = shown.seconds + before
        cold = time.monotonic() - seconds - self.began < COLD
        (self.cold if cold else self.seconds[page]).append(seconds)
        self.bytes += shown.bytes
        for text in shown.errors:
            self.errors[text[:120]] += 1
        for kind, text in shown.alerts:
            self.told[f"{kind}: {text[:70]}"] += 1

    def all(self) -> list[float]:
        """Seconds of every page, the cold start included."""
        return [s for times in self.seconds.values() for s in times] + self.cold

    def bytes_per_visit(self) -> float | None:
        """Growth of memory in the second half, for each visit that began in it; None without a visit."""
        half = self.memory[len(self.memory) // 2][0] if self.memory else 0.0
        begun = self.visits_so_far - next((n for at, n in self.visits if at >= half), self.visits_so_far)
        return 1e6 * growth(self.memory) / begun if begun else None

    def report(self) -> str:
        warm = [s for times in self.seconds.values() for s in times]
        rows = [
            *sorted(self.seconds.items()),
            ("all of these", warm),
            (f"first {COLD:.0f} s", self.cold),
            ("all", warm + self.cold),
        ]
        lines = [f"{'page':16}{'opened':>8}{'median':>9}{'p95':>9}{'worst':>9}   seconds"]
        for page, times in rows:
            if times:
                lines.append(
                    f"{page or 'start':16}{len(times):8}{statistics.median(times):9.2f}"
                    f"{quantile(times, 0.95):9.2f}{max(times):9.2f}"
                )
        lines.append(
            f"errors: {sum(self.errors.values())}"
            + "".join(f"\n  {n} x {text}" for text, n in self.errors.most_common(8))
        )
        lines.append(
            f"trainings asked for: {self.asked}; visitors were told:"
            + "".join(f"\n  {n} x {text}" for text, n in self.told.most_common(10))
        )
        lines.append(
            "memory of server and worker, MB: "
            + ", ".join(f"{mb:.0f} at {at:.0f} s" for at, mb in thinned(self.memory))
        )
        lines.append(f"growth in the second half: {growth(self.memory):+.0f} MB ({self.bytes / 1e6:.0f} MB were sent)")
        per_visit = self.bytes_per_visit()
        lines.append(
            f"visits: {self.visits_so_far}; "
            + (
                "too few to tell bytes per visit"
                if per_visit is None
                else f"{per_visit:+,.0f} bytes per visit in the second half"
            )
        )
        return "\n".join(lines)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def thinned(values: list, most: int = 12) -> list:
    return values[:: max(len(values) // most, 1)]


def growth(memory: list[tuple[float, float]]) -> float:
    """Median of the last tenth of the time, less that of the tenth after half-time."""
    values = [mb for _, mb in memory]
    tenth = max(len(values) // 10, 1)
    half = values[len(values) // 2 :][:tenth]
    return statistics.median(values[-tenth:]) - statistics.median(half) if half else 0.0


async def stroll(
    server: Server, tally: Tally, until: float, pause: float, seed: int, bare: bool = False, train: str = "server"
) -> None:
    """One visitor until the time is over: sessions of a dozen pages, one after the other.

    `bare`: the server has one page. The sessions and pauses are the same, and nothing is asked to be trained.
    `train`: see `ask`.
    """
    rng, browser = random.Random(seed), Browser()
    await asyncio.sleep(rng.uniform(0, pause * 2))
    while time.monotonic() < until:
        try:
            came = time.monotonic()
            tally.visits_so_far += 1
            async with Visitor(server.url, browser) as visitor:
                arrived = time.monotonic()
                shown = await visitor.open()
                tally.add("", shown, before=arrived - came)
                pages = [""] * SESSION if bare else shown.pages * 2
                rng.shuffle(pages)
                for page in pages[:SESSION]:
                    if time.monotonic() > until:
                        break
                    await asyncio.sleep(rng.expovariate(1 / pause))
                    tally.add(page, await visitor.open(page, rng.choice(CHOICES.get(page, [{}]))))
            if not bare and time.monotonic() < until and rng.random() < 0.5:
                await ask(server, tally, rng, browser, train)
        except Exception as error:
            tally.errors[f"{type(error).__name__}: {str(error)[:80]}"] += 1
            await asyncio.sleep(1)


async def ask(server: Server, tally: Tally, rng: random.Random, browser: Browser, train: str) -> None:
    """Follow a link to an untrained weight, and press the button.

    `train`: "server"; "browser" fetches what the page trains with, and the server is asked for nothing else.
    """
    beta = f"{rng.uniform(0.1, 9.9):.2f}"
    async with Visitor(server.url, browser) as visitor:
        if train == "browser":
            tally.add("kl_weight", await visitor.open("kl_weight", {"beta": beta}, trains=True))
            return
        shown = await visitor.open("kl_weight", {"beta": beta, **ON_SERVER})
        button = next((widget for label, widget in shown.buttons.items() if label.startswith("Train β")), None)
        if button:
            tally.asked += 1
            tally.add("kl_weight", await visitor.open("kl_weight", {"beta": beta, **ON_SERVER}, widgets={button: True}))


async def watch_memory(server: Server, tally: Tally, until: float) -> None:
    began = time.monotonic()
    while time.monotonic() < until:
        tally.memory.append((time.monotonic() - began, await asyncio.to_thread(server.memory_mb)))
        tally.visits.append((time.monotonic() - began, tally.visits_so_far))
        await asyncio.sleep(1)


async def load(
    server: Server,
    visitors: int,
    seconds: float,
    pause: float,
    bare: bool = False,
    tally: Tally | None = None,
    train: str = "server",
) -> Tally:
    """The ways of all visitors at once.

    `tally` is filled in on the way, so that it holds what there was if this is ended early.
    """
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(2 * visitors + 4)
    )  # nobody queues for a thread of the client
    tally, until = Tally() if tally is None else tally, time.monotonic() + seconds
    await asyncio.gather(
        watch_memory(server, tally, until),
        *(stroll(server, tally, until, pause, seed, bare, train) for seed in range(visitors)),
    )
    return tally


@dataclass
class Found:
    """What one server was seen to do under load.

    Attributes:
        shares: of one core's time that the server and this client took.
    """

    tally: Tally = field(default_factory=Tally)
    shares: tuple[float, float] = (0.0, 0.0)
    trained: int = 0
    tracebacks: int = 0

    def times(self) -> str:
        """The pages in half a sentence."""
        times = self.tally.all()
        if not times:
            return "no page opened"
        return f"{len(times)} opened, median {statistics.median(times):.2f}, p95 {quantile(times, 0.95):.2f}"


def visited(
    parts: Parts,
    name: str,
    options: argparse.Namespace,
    seconds: float,
    script: Path | None = None,
    serve: Callable[..., contextlib.AbstractContextManager[Any]] = demo_server,
    visit: Callable[..., Awaitable[Any]] = load,
) -> Found:
    """Start a server, send everybody there, and look what it did, be it ended early; `script` is a bare page."""
    found = Found()
    with parts(name), serve(**({"script": script} if script else {})) as server:
        computed, began, own = server.processor_seconds(), time.monotonic(), time.process_time()
        found.tally.began = began
        with parts(name):
            bare = script is not None
            visits = visit(server, options.visitors, seconds, options.pause, bare, found.tally, options.train)
            run(asyncio.wait_for(visits, parts.left()))
        took = time.monotonic() - began
        found.shares = (server.processor_seconds() - computed) / took, (time.process_time() - own) / took
        found.trained = len(list(server.cache.glob("runs/*/weights.safetensors")))
        found.tracebacks = server.log().count("Traceback (most recent call last)")
    return found


def main(
    arguments: list[str] | None = None,
    serve: Callable[..., contextlib.AbstractContextManager[Any]] = demo_server,
    visit: Callable[..., Awaitable[Any]] = load,
) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--pause", type=float, default=5, help="seconds a visitor looks at a page, on average")
    parser.add_argument("--train", choices=("server", "browser"), default="server", help="where visitors train")
    parser.add_argument(
        "--bare-seconds",
        type=float,
        default=None,
        help="how long the bare page is visited; as long as the dashboard by default, 0 leaves it out",
    )
    parser.add_argument(
        "--limit", type=float, metavar="SECONDS", help="for all of it (default: the two visits and three minutes)"
    )
    options = parser.parse_args(arguments)
    bare_seconds = options.seconds if options.bare_seconds is None else options.bare_seconds
    parts = Parts(options.seconds + bare_seconds + 180 if options.limit is None else options.limit)
    found, missed = visited(parts, "the dashboard", options, options.seconds, serve=serve, visit=visit), []
    tally = found.tally
    print(
        f"{options.visitors} visitors for {options.seconds:.0f} s, {options.pause:g} s between clicks, "
        f"on {len(os.sched_getaffinity(0))} cores"
    )
    print(tally.report())
    print(f"one core's time: server {found.shares[0]:.0%}, this client {found.shares[1]:.0%}")
    print(f"finished trainings: {found.trained}; tracebacks in the server's log: {found.tracebacks}", flush=True)
    if tally.errors or found.tracebacks:
        missed.append("errors")
    if tally.asked and found.trained < options.seconds // 40:
        missed.append("a training every 40 s")
    if bare_seconds and parts.begin("a bare page"):
        bare = visited(parts, "a bare page", options, bare_seconds, BARE, serve, visit)
        print(
            f"a bare page under the same load for {bare_seconds:.0f} s: {bare.times()}, "
            f"errors {sum(bare.tally.errors.values())}"
        )
        if tally.all() and bare.tally.all():
            slow, bare_slow = (quantile(t.all(), 0.95) for t in (tally, bare.tally))
            print(f"p95 of all pages is {slow / bare_slow:.1f} times the bare page's (wanted: at most {MOST:g})")
            missed += ["the bare page's p95"] * (slow > MOST * bare_slow)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return max(parts.status(), int(bool(missed)))


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
