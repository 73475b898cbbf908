"""How long measuring takes: `python -m tests.benchmarks.bench_metrics [--repeats 3] [--train-judge]`.

    the scorecard of one run, part by part (wanted: 60 s on two cores), after the judge is trained
    FD, density and coverage of a new beta run (wanted: 2 s), the first time in a process and again
    training a judge on the embedded images (wanted: 20 s)

Medians over repetitions in one process; imports and loading the data are reported apart.
"""

from __future__ import annotations

import argparse
import statistics
import time

from tests.benchmarks.parts import Parts, exit_status

WANTED = {"scorecard": 60.0, "quick": 2.0, "judge": 20.0}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--train-judge", action="store_true", help="time training a judge, too")
    options = parser.parse_args()
    parts = Parts()
    with parts("the scorecard and the judge"):  # each figure is printed as soon as it is there
        measure(options)
    return parts.status()


def measure(options: argparse.Namespace) -> None:
    """All figures, printed one by one."""
    began = time.perf_counter()
    from core.data.datasets import load_dataset
    from core.hardware.device import describe, pick, set_threads
    from core.latent.sampling import prior, unpack
    from core.metrics.judge_training import load_judge, train_judge
    from core.metrics.samples import sample_quality
    from core.metrics.scores import PARTS
    from core.metrics.subject import Subject
    from core.runs.store import RunStore

    set_threads()
    dataset = load_dataset("mnist-5k")
    judge = load_judge(dataset)
    print(f"imports, images and judge: {time.perf_counter() - began:.1f} s; {describe(pick('cpu'))}")

    run = RunStore().find(dataset="mnist-5k", latent_dim=16, model="vae", beta=1.0, seed=0, noise=0.0)[0]
    model = run.load_model()
    times = []
    for _ in range(options.repeats + 1):
        judge._references.clear()  # as for the first run in a process
        start = time.perf_counter()
        sample_quality(model, dataset, prior(model.config.latent_dim), judge)
        times.append(time.perf_counter() - start)
    print(
        f"FD, density, coverage of a new run: {times[0]:.2f} s at first, "
        f"then {statistics.median(times[1:]):.2f} s (wanted {WANTED['quick']:g} s)"
    )

    laps: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(options.repeats):
        subject = Subject(model, dataset, judge, unpack(run.arrays("density.npz")))
        for part, measure in PARTS.items():
            start = time.perf_counter()
            measure(subject)
            laps[part].append(time.perf_counter() - start)
    for part, values in laps.items():
        print(f"    {part:16}{statistics.median(values):7.2f} s")
    first = sum(values[0] for values in laps.values())
    print(
        f"scorecard of {run.run_id}: {first:.1f} s the first time, "
        f"{sum(map(statistics.median, laps.values())):.1f} s median (wanted {WANTED['scorecard']:g} s)"
    )

    if options.train_judge:
        start = time.perf_counter()
        trained = train_judge(dataset)
        print(
            f"training a judge: {time.perf_counter() - start:.1f} s (wanted {WANTED['judge']:g} s), "
            f"{trained.accuracy:.1%} of {trained.info['held_out']} held-out images"
        )


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
