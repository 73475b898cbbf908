"""Against the literature: does this project measure what others measured?

    python -m tests.benchmarks.literature [--skip-training] [--images 60000] [--epochs 10]

(a) Ghosh et al. (ICLR 2020), table 1, MNIST: samples by quality are  AE + mixture < VAE + mixture < VAE + prior < AE + prior
    in Frechet distance. Their distances are on Inception features and differ in size; the order is what is compared.
(b) PyTorch's VAE example: 784-400-20 ReLU, Adam 1e-3, batch 128, 10 epochs of full MNIST, test loss with sampled z: 105.6 nats.
    Trained here by `core.training`. Fewer images or epochs make a quick look, not a comparison.
(c) Rate, distortion and active units over beta, as recorded with the shipped runs: the rate and the number of units fall as
    beta grows, the distortion rises, and -ELBO is least near beta = 1, where it is what is minimised.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from core.config import RunConfig
from core.data import DataError, load_dataset
from core.device import set_threads
from core.metrics.scorecard import SETTINGS, population
from core.runs import RunStore

ORDER = (("AE, mixture", "ae", "mixture"), ("VAE, mixture", "vae", "mixture"), ("VAE, prior", "vae", "prior"), ("AE, prior", "ae", "prior"))
EXAMPLE_LOSS = 105.6
EXAMPLE = RunConfig(
    dataset="mnist", trunk="mlp-400", activation="relu", latent_dim=20, schedule="constant", learning_rate=1e-3, batch_size=128, epochs=10
)


def ranking(store: RunStore) -> bool | None:
    """Print the four Frechet distances at each setting with d >= 16; whether the published order holds in every seed."""
    print("(a) Frechet distance on the judge's features, mean over seeds; published order: " + " < ".join(name for name, *_ in ORDER))
    verdicts = []
    for dataset, d in (setting for setting in SETTINGS if setting[1] >= 16):
        people = population(store, dataset, d)
        seeds = sorted(set(people.get("ae", {})) & set(people.get("vae", {})))
        if not seeds:
            print(f"    {dataset}, d = {d}: not measured; `python -m core evaluate --all`")
            continue
        rows = {name: [people[role][seed]["samples"][source]["fd"] for seed in seeds] for name, role, source in ORDER}
        holds = [all(a[i] < b[i] for a, b in zip(list(rows.values()), list(rows.values())[1:])) for i in range(len(seeds))]
        verdicts.append(all(holds))
        figures = ", ".join(f"{name} {statistics.fmean(values):.1f}" for name, values in rows.items())
        print(f"    {dataset}, d = {d}: {figures}: the published order in {sum(holds)} of {len(seeds)} seeds")
    return all(verdicts) if verdicts else None


def example(images: int | None, epochs: int, device: str | None) -> float:
    """Train PyTorch's example network with this project's trainer; its test loss in nats per image, with sampled z."""
    from core.evaluation import evaluate
    from core.training import fit

    config = EXAMPLE.replace(epochs=epochs, train_size=images)
    dataset = load_dataset(config.dataset)
    began = time.perf_counter()
    for epoch in fit(config, dataset, device):
        print(f"    epoch {epoch.number:2}: {epoch.row['neg_elbo']:.2f} on 1,000 test images ({time.perf_counter() - began:.0f} s)", flush=True)
    return evaluate(epoch.model, dataset)["neg_elbo"]


def rates(store: RunStore) -> None:
    """Print the rate-distortion table of the shipped beta runs."""
    print("(c) mnist-5k, d = 16, seed 0: beta, rate, distortion, -ELBO (nats per image), active units")
    runs = [run for run in store.find(dataset="mnist-5k", latent_dim=16, model="vae", seed=0, noise=0.0, held_out_class=None, epochs=25)]
    for run in sorted(runs, key=lambda run: run.config.beta):
        e = run.evaluation()
        print(f"    {run.config.beta:5g} {e['rate']:7.1f} {e['distortion']:7.1f} {e['neg_elbo']:7.1f} {e['active_units']:4}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-training", action="store_true", help="leave out (b)")
    parser.add_argument("--images", type=int, help="training images for (b), by default all 60,000")
    parser.add_argument("--epochs", type=int, default=EXAMPLE.epochs, help="epochs for (b)")
    parser.add_argument("--device", help="cpu, cuda or mps; by default the best there is")
    options = parser.parse_args(arguments)
    set_threads()
    store = RunStore()
    ranking(store)
    if not options.skip_training:
        print("(b) PyTorch's VAE example on full MNIST")
        try:
            loss = example(options.images, options.epochs, options.device)
        except DataError as error:
            print(f"    {error}")
            return 1
        whole = options.images is None and options.epochs == EXAMPLE.epochs
        compared = f"published {EXAMPLE_LOSS}, difference {loss - EXAMPLE_LOSS:+.2f}" if whole else "not the published size: nothing to compare with"
        print(f"    test loss {loss:.2f} nats per image; {compared}")
    rates(store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
