"""What a visitor waits for on the KL-weight page: an untrained beta of the default conv, in a warm worker.

    python -m tests.benchmarks.bench_jobs [--repeats 3] [--betas 1,2] [--beside 0,1] [--limit 200]

From the request: the first picture of a network that has been trained, be it for part of an epoch; the finished run;
how far its -ELBO is from the shipped run's 25 epochs at that beta; and what was left after a second, as the page
tells it, beside what it then took. Alone and beside one busy process. Then two requests at once: what the one that
waits was told, beside the truth. A finished run, asked for again, is timed too. What is not measured within the limit
is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.config import QUICK, RunConfig
from core.jobs.background import Jobs
from core.jobs.worker import local_executor, warm_task
from core.runs.store import RunStore
from tests.benchmarks.parts import Parts, Unfinished, exit_status

AFTER = 1.0  # seconds after the request at which the time left is read


@dataclass
class Watched:
    """What one request was seen to do, in seconds since it was made.

    Attributes:
        told: (when, what was left then), from `AFTER` seconds on.
    """

    first: float = 0.0
    end: float = 0.0
    again: float = 0.0
    neg_elbo: float = 0.0
    told: list[tuple[float, float]] = field(default_factory=list)

    def estimate(self) -> str:
        """The first estimate beside the truth."""
        if not self.told:
            return "no estimate"
        at, left = self.told[0]
        return f"{left:.1f} s of {self.end - at:.1f} s ({left / (self.end - at) - 1:+.0%})"


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that never rest."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(jobs: Jobs, configs: list[RunConfig], end: float) -> list[Watched]:
    """Ask for all configs at once and watch them to the end.

    Raises:
        Unfinished: a run failed, or the time `end` came.
    """
    start = time.monotonic()
    ids = [jobs.submit(config).run_id for config in configs]
    seen = [Watched() for _ in ids]
    while any(not watched.end for watched in seen):
        for run_id, watched in zip(ids, seen, strict=True):
            if watched.end:
                continue
            status, now = jobs.status(run_id), time.monotonic() - start
            if not status.active:
                if status.state != "complete":
                    raise Unfinished(f"the run is {status.state}: {status.message}")
                watched.end = now
            if not watched.first and status.fraction > 0 and jobs.store.run(run_id).preview():
                watched.first = now
            if status.active and now >= AFTER and status.seconds_left is not None:
                watched.told.append((now, status.seconds_left))
        if time.monotonic() > end:
            done = ", ".join(f"{jobs.status(run_id).fraction:.0%} of {run_id}" for run_id in ids)
            for run_id in ids:
                jobs.stop(run_id)
            raise Unfinished(f"{done} after {time.monotonic() - start:.0f} s")
        time.sleep(0.02)
    while len(jobs) and time.monotonic() < end:  # the worker still measures the samples of what it has trained
        time.sleep(0.02)
    for config, run_id, watched in zip(configs, ids, seen, strict=True):
        run, again = jobs.store.get(run_id), time.monotonic()
        jobs.submit(config)
        run.arrays("gallery.npz")
        watched.again, watched.neg_elbo = time.monotonic() - again, run.evaluation()["neg_elbo"]
        watched.first = watched.first or watched.end
    return seen


def shipped(beta: float) -> float | None:
    """-ELBO of the run that comes with the project, trained for 25 epochs at this beta."""
    found = RunStore().find(
        model="vae", dataset="mnist-5k", latent_dim=16, beta=beta, noise=0.0, epochs=25, reduction="sum"
    )
    return statistics.fmean(run.evaluation()["neg_elbo"] for run in found) if found else None


def report(name: str, runs: list[Watched], beta: float) -> None:
    """The medians of one situation, printed at once: what follows may not finish."""
    first, end, again, elbo = (
        statistics.median(getattr(run, what) for run in runs) for what in ("first", "end", "again", "neg_elbo")
    )
    reference = shipped(beta)
    compared = "" if reference is None else f", {elbo - reference:+.1f} from the shipped runs' {reference:.1f}"
    print(
        f"beta {beta:g}, {name}: finished after {end:.1f} s, "
        f"first picture {first:.2f} s ({first / end:.0%}), looked up again {again:.3f} s"
    )
    print(f"    -ELBO {elbo:.1f} nats per image{compared}")
    print(f"    left after {AFTER:g} s, beside the truth: {'; '.join(run.estimate() for run in runs)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--betas", default="1,2", help="with commas (default 1,2)")
    parser.add_argument("--beside", default="0,1", help="busy processes, with commas (default 0,1)")
    parser.add_argument("--limit", type=float, default=200.0, metavar="SECONDS", help="for all of it (default 200)")
    options = parser.parse_args()
    parts = Parts(options.limit)
    with tempfile.TemporaryDirectory() as folder:

        def fresh(name: str) -> Jobs:
            return Jobs(local_executor, RunStore(Path(folder) / name, Path(folder) / "none", limit_bytes=10**9))

        with parts("warming up"):
            fresh("warm").call("warm-up", warm_task).result(timeout=options.limit)
        for count in map(int, options.beside.split(",")):
            situation = "alone" if not count else f"beside {count} busy"
            for beta in map(float, options.betas.split(",")):
                runs: list[Watched] = []
                for repeat in range(options.repeats):
                    name = f"beta {beta:g}, {situation}, repeat {repeat + 1}"
                    if parts.begin(name):
                        with parts(name), busy(count):
                            runs += measure(fresh(name), [RunConfig(**QUICK, beta=beta)], parts.end)
                if runs:
                    report(situation, runs, beta)
        if parts.begin("two at once"):
            with parts("two at once"):
                _, second = measure(fresh("two"), [RunConfig(**QUICK, beta=beta) for beta in (1, 2)], parts.end)
                print(
                    f"two requests at once: the second is told after {AFTER:g} s, beside the truth: {second.estimate()}"
                )
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
