"""What a visitor waits for on the KL-weight page: an untrained beta of the default conv, in a warm worker.

    python -m tests.benchmarks.bench_jobs [--repeats 3]

From the request: the first picture of a network that has been trained, be it for part of an epoch; the finished run; and how
far its -ELBO is from the shipped run's 25 epochs. A finished run, asked for again, is timed too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from core.config import QUICK, RunConfig
from core.jobs import Jobs, local_executor, warm_task
from core.runs import RunStore


def measure(jobs: Jobs, config: RunConfig) -> tuple[float, float, float, float]:
    """Seconds to the first picture, to the end, to look a finished run up, and its -ELBO."""
    start, first = time.perf_counter(), None
    run_id = jobs.submit(config).run_id
    while jobs.status(run_id).active:
        if first is None and jobs.status(run_id).fraction > 0 and jobs.store.run(run_id).preview():
            first = time.perf_counter() - start
        time.sleep(0.02)
    end = time.perf_counter() - start
    run = jobs.store.get(run_id)
    again = time.perf_counter()
    jobs.submit(config)
    run.arrays("gallery.npz")
    return first or end, end, time.perf_counter() - again, run.evaluation()["neg_elbo"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    shipped = RunStore().find(model="vae", dataset="mnist-5k", latent_dim=16, beta=1.0, seed=0, noise=0.0, epochs=25, reduction="sum")[0].evaluation()["neg_elbo"]
    results = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            jobs = Jobs(local_executor, RunStore(Path(folder) / "runs", Path(folder) / "none", limit_bytes=10**9))
            jobs.call("warm-up", warm_task).result()
            results.append(measure(jobs, RunConfig(**QUICK)))
    first, end, again, elbo = (statistics.median(column) for column in zip(*results))
    print(f"median of {repeats}: first picture {first:.1f} s, finished {end:.1f} s, looked up again {again:.3f} s")
    print(f"-ELBO {elbo:.1f} nats, shipped (25 epochs) {shipped:.1f}: {elbo - shipped:+.1f}")


if __name__ == "__main__":
    main()
