"""One network for every beta: what it costs, and how near it comes to networks trained for one beta each.

    python -m tests.benchmarks.bench_multirate [--repeats 5] [--no-times]

The table is markdown, from the evaluations that the shipped runs carry (1,000 test images, one sampled code each):
what is minimised at each beta, D + beta R, by the multi-rate model held at that beta and by the run trained for it.
The cost is the time of all the multi-rate model's epochs over that of all epochs of one such run, in training alone,
from epochs of both timed in turn.
"""

from __future__ import annotations

import argparse
import statistics

from core.hardware import cores

cores.spin()  # before torch: threads wait for each other as in a terminal's training

from core.hardware import device  # noqa: E402
from core.runs.run import Run  # noqa: E402
from core.runs.store import RunStore  # noqa: E402
from core.training.loop import fit  # noqa: E402
from tests.benchmarks.parts import Parts, exit_status  # noqa: E402

WITHIN = (0.25, 10.0)  # the betas over which the largest difference is told


def shipped(store: RunStore) -> tuple[Run, dict[float, Run]]:
    """The multi-rate model, and by beta the runs trained as it was but for one beta."""
    multirate = store.find(model="multirate", dataset="mnist-5k", latent_dim=16)[0]
    plain = store.find(
        model="vae",
        dataset="mnist-5k",
        latent_dim=16,
        seed=0,
        epochs=25,
        noise=0.0,
        held_out_class=None,
        reduction="sum",
    )
    return multirate, {run.config.beta: run for run in sorted(plain, key=lambda run: run.config.beta) if run.shipped}


def table(multirate: Run, separate: dict[float, Run]) -> str:
    """Markdown, one row per beta that both have, and the largest difference."""
    curve = {point["beta"]: point for point in multirate.evaluation()["curve"]}
    lines = [
        "| β | D, multi-rate | R, multi-rate | D, separate | R, separate "
        "| D + β R, multi-rate | D + β R, separate | difference |",
        "|--:" * 8 + "|",
    ]
    differences = {}
    for beta, run in separate.items():
        if beta in curve:
            one, own = curve[beta], run.evaluation()
            losses = [f["distortion"] + beta * f["rate"] for f in (one, own)]
            differences[beta] = losses[0] / losses[1] - 1
            figures = (one["distortion"], one["rate"], own["distortion"], own["rate"], *losses)
            lines.append(f"| {beta:g} | {' | '.join(f'{f:.1f}' for f in figures)} | {differences[beta]:+.1%} |")
    largest = max((abs(d) for beta, d in differences.items() if WITHIN[0] <= beta <= WITHIN[1]))
    return "\n".join(lines) + f"\n\nLargest difference for β from {WITHIN[0]:g} to {WITHIN[1]:g}: {largest:.1%}."


def cost(multirate: Run, one: Run, repeats: int) -> str:
    """The price of the whole curve in runs for one beta, from epochs timed in turn."""
    data = one.dataset()
    loops = {run.run_id: iter(fit(run.config, data, "cpu")) for run in (multirate, one)}
    seconds: dict[str, list[float]] = {run_id: [] for run_id in loops}
    for turn in range(repeats + 1):
        for run_id, loop in loops.items():
            if turn:  # the first row is of epoch 0, in which nothing is trained
                seconds[run_id].append(next(loop).row["seconds"])
            else:
                next(loop)
    times = [run.config.epochs * statistics.median(seconds[run.run_id]) for run in (multirate, one)]
    return (
        f"{multirate.config.epochs} epochs of the multi-rate model {times[0]:.1f} s, "
        f"{one.config.epochs} epochs for one beta {times[1]:.1f} s "
        f"({device.set_threads().count} threads, median of {repeats} epochs each): "
        f"the curve costs {times[0] / times[1]:.1f} runs."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-times", action="store_true", help="the table alone")
    options = parser.parse_args()
    device.set_threads()
    parts = Parts()
    with parts("the table"):
        multirate, separate = shipped(RunStore())
        print(table(multirate, separate), flush=True)
    if not options.no_times and parts.begin("the cost"):
        with parts("the cost"):
            print("\n" + cost(multirate, separate[1.0], options.repeats))
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
