"""Against the literature: does this project measure what others measured?

    python -m tests.benchmarks.literature [--skip-training] [--images 60000] [--epochs 10] [--seed 0] [--limit
    SECONDS] [--write]

(a) Ghosh et al. (ICLR 2020), table 1, MNIST: samples by quality are
    AE + mixture < VAE + mixture < VAE + prior < AE + prior
    in Frechet distance. Their distances are on Inception features and differ in size; the order is what is compared.
(b) PyTorch's VAE example: 784-400-20 ReLU, Adam 1e-3, batch 128, 10 epochs of full MNIST: test loss with sampled z
    105.6 nats.
    Trained here by `core.training.loop`. Fewer images or epochs make a quick look, not a comparison.
(c) Rate, distortion and active units over beta, as recorded with the shipped runs: rate and number of units fall as
    beta grows, the distortion rises, and -ELBO is least near beta = 1, where it is what is minimised.

What does not finish is named, and the exit status is 1. --write keeps the loss of (b) in
checkpoints/scorecards/literature.json; the README's table is made of that and of what is committed (`python -m
tests.benchmarks.results --write`).
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig
from core.data.datasets import load_dataset
from core.files import write_json
from core.hardware.device import set_threads
from core.metrics.scorecard import SETTINGS, population
from core.runs.store import RunStore
from tests.benchmarks.parts import Parts, exit_status

ORDER = (
    ("AE + mixture", "ae", "mixture"),
    ("VAE + mixture", "vae", "mixture"),
    ("VAE + prior", "vae", "prior"),
    ("AE + prior", "ae", "prior"),
)
EXAMPLE_LOSS = 105.6
EXAMPLE = RunConfig(
    dataset="mnist",
    trunk="mlp-400",
    activation="relu",
    latent_dim=20,
    schedule="constant",
    learning_rate=1e-3,
    batch_size=128,
    epochs=10,
)


def kept() -> Path:
    """Where the example's losses are committed, by seed."""
    return settings.SHIPPED / "scorecards" / "literature.json"


def losses() -> dict[str, float]:
    """seed -> test loss of PyTorch's example as trained here; {} where nothing is committed."""
    try:
        return json.loads(kept().read_bytes())["pytorch_example"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def rankings(store: RunStore) -> list[dict[str, Any]]:
    """The four Fréchet distances at every measured setting with d >= 16.

    Means over seeds, and in how many of them the published order holds.
    """
    found = []
    for dataset, d in (setting for setting in SETTINGS if setting[1] >= 16):
        people = population(store, dataset, d)
        seeds = sorted(set(people.get("ae", {})) & set(people.get("vae", {})))
        rows = {name: [people[role][seed]["samples"][source]["fd"] for seed in seeds] for name, role, source in ORDER}
        values = list(rows.values())
        holds = sum(all(a[i] < b[i] for a, b in itertools.pairwise(values)) for i in range(len(seeds)))
        if seeds:
            found.append(
                {
                    "setting": f"{dataset}, d = {d}",
                    "fd": {name: statistics.fmean(v) for name, v in rows.items()},
                    "holds": holds,
                    "seeds": len(seeds),
                }
            )
    return found


def ranking(store: RunStore) -> bool | None:
    """Print `rankings`; whether the published order holds in every seed, None if nothing was measured."""
    print(
        "(a) Frechet distance on the judge's features, mean over seeds; published order: "
        + " < ".join(name for name, *_ in ORDER)
    )
    found = rankings(store)
    for one in found:
        figures = ", ".join(f"{name} {value:.1f}" for name, value in one["fd"].items())
        print(f"    {one['setting']}: {figures}: the published order in {one['holds']} of {one['seeds']} seeds")
    if not found:
        print("    not measured; `python -m core evaluate --all`")
    return all(one["holds"] == one["seeds"] for one in found) if found else None


def example(images: int | None, epochs: int, device: str | None, parts: Parts, seed: int = 0) -> float:
    """Train PyTorch's example network with this project's trainer; its test loss in nats per image, with sampled z.

    Raises:
        DataError: MNIST cannot be had.
        Unfinished: the limit of `parts` was reached.
    """
    from core.training.evaluation import evaluate
    from core.training.loop import fit

    config = EXAMPLE.replace(epochs=epochs, train_size=images, seed=seed)
    dataset = load_dataset(config.dataset, config.data_digest)
    began = time.perf_counter()
    for epoch in fit(config, dataset, device, on_batch=lambda _fraction: parts.check()):
        print(
            f"    epoch {epoch.number:2}: {epoch.row['neg_elbo']:.2f} on 1,000 test images "
            f"({time.perf_counter() - began:.0f} s)",
            flush=True,
        )
    return evaluate(epoch.model, dataset)["neg_elbo"]


def over_beta(store: RunStore) -> list[dict[str, Any]]:
    """beta, rate, distortion, -ELBO and active units of the shipped beta runs, in order of beta."""
    runs = store.find(dataset="mnist-5k", latent_dim=16, model="vae", seed=0, noise=0.0, held_out_class=None, epochs=25)
    names = ("rate", "distortion", "neg_elbo", "active_units")
    return [
        {"beta": run.config.beta, **{name: run.evaluation()[name] for name in names}}
        for run in sorted(runs, key=lambda run: run.config.beta)
    ]


def rates(store: RunStore) -> None:
    """Print the rate-distortion table of the shipped beta runs."""
    print("(c) mnist-5k, d = 16, seed 0: beta, rate, distortion, -ELBO (nats per image), active units")
    for e in over_beta(store):
        print(f"    {e['beta']:5g} {e['rate']:7.1f} {e['distortion']:7.1f} {e['neg_elbo']:7.1f} {e['active_units']:4}")


def monotone(values: list[float], sign: int) -> str:
    """ "yes", or how many steps go the other way."""
    wrong = sum(sign * (b - a) < 0 for a, b in itertools.pairwise(values))
    return "yes" if not wrong else f"not at {wrong} of {len(values) - 1} steps"


def table(store: RunStore) -> str:
    """Markdown: what was published, what is measured here, whether they agree."""
    lines = ["| published | this project | agrees |", "|---|---|---|"]
    order = " < ".join(name for name, *_ in ORDER)
    for one in rankings(store):
        figures = ", ".join(f"{name} {value:.1f}" for name, value in one["fd"].items())
        lines.append(
            f"| Fréchet distance of samples: {order} (Ghosh et al. 2020, table 1, MNIST) "
            f"| {one['setting']}: {figures} | in {one['holds']} of {one['seeds']} seeds |"
        )
    found = list(losses().values())
    if found:
        spread = f" ± {statistics.stdev(found):.2f} ({len(found)} seeds)" if len(found) > 1 else " (one seed)"
        off = max(abs(loss - EXAMPLE_LOSS) for loss in found)
        lines.append(
            f"| Test loss of PyTorch's VAE example after 10 epochs of MNIST: {EXAMPLE_LOSS} nats "
            f"| {statistics.fmean(found):.2f}{spread}, the same network and "
            f"settings in this trainer | {'yes' if off < 1 else 'no'}: within {off:.2f} nats |"
        )
    curve = over_beta(store)
    if len(curve) > 1:
        betas = f"{len(curve)} weights from β = {curve[0]['beta']:g} to {curve[-1]['beta']:g}"
        least = min(curve, key=lambda e: e["neg_elbo"])
        ends = curve[0], curve[-1]

        def fall(name: str, digits: int) -> str:
            return " to ".join(f"{e[name]:.{digits}f}" for e in ends)

        lines += [
            f"| As β grows the rate falls (Higgins et al. 2017, Alemi et al. 2018) "
            f"| {betas}: {fall('rate', 1)} nats | {monotone([e['rate'] for e in curve], -1)} |",
            f"| … and the distortion rises "
            f"| {fall('distortion', 1)} nats | {monotone([e['distortion'] for e in curve], 1)} |",
            f"| −ELBO is lowest at β = 1, where it is the training objective "
            f"| lowest at β = {least['beta']:g}: {least['neg_elbo']:.1f} nats "
            f"| {'yes' if least['beta'] == 1 else 'no'} |",
            f"| The number of inactive latent units grows with β (Burda et al. 2016) "
            f"| {fall('active_units', 0)} of 16 units active | {monotone([e['active_units'] for e in curve], -1)} |",
        ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-training", action="store_true", help="leave out (b)")
    parser.add_argument("--images", type=int, help="training images for (b), by default all 60,000")
    parser.add_argument("--epochs", type=int, default=EXAMPLE.epochs, help="epochs for (b)")
    parser.add_argument("--seed", type=int, default=0, help="of (b)")
    parser.add_argument("--device", help="cpu, cuda or mps; by default the best there is")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="for all of it (default: none)")
    parser.add_argument("--write", action="store_true", help="keep the loss of (b); only at the published size")
    options = parser.parse_args(arguments)
    whole = options.images is None and options.epochs == EXAMPLE.epochs
    if options.write and (options.skip_training or not whole):
        parser.error("--write keeps a loss of the published size: leave out --skip-training, --images and --epochs.")
    set_threads()
    store, parts = RunStore(), Parts(options.limit)
    with parts("(a)"):
        ranking(store)
    if not options.skip_training and parts.begin("(b)"):
        print("(b) PyTorch's VAE example on full MNIST", flush=True)
        with parts("(b)"):
            loss = example(options.images, options.epochs, options.device, parts, options.seed)
            compared = (
                f"published {EXAMPLE_LOSS}, difference {loss - EXAMPLE_LOSS:+.2f}"
                if whole
                else "not the published size: nothing to compare with"
            )
            print(f"    test loss {loss:.2f} nats per image; {compared}")
            if options.write:
                write_json(kept(), {"pytorch_example": {**losses(), str(options.seed): round(loss, 3)}})
    with parts("(c)"):
        rates(store)
    return parts.status()


if __name__ == "__main__":
    sys.exit(exit_status(main))
