"""What eight bits per weight change in the static site's networks: python -m tests.benchmarks.bench_site_weights

For every shipped run that the site shows: the bytes of its network before and after `dashboard.site.compact`, and the
change of the measured loss on the test images, in nats per image, with the same sampling noise: -ELBO = D + R of a VAE,
the distortion D of an AE. A multi-rate model is measured at each weight beta of its curve; the largest change is shown.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from core.data.datasets import load_dataset
from core.models.build import build_model
from core.runs.run import WEIGHTS, Run
from core.runs.store import RunStore
from core.settings import SHIPPED
from core.training.evaluation import per_image
from dashboard.components.networks import layers_of, with_layers
from dashboard.site import build
from dashboard.site.compact import compact, expanded
from tests.benchmarks.parts import exit_status


def losses(run: Run, tensors: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """D + R, or D of a point, in nats per image: one number, or one for each beta of a multi-rate model."""
    model = build_model(run.config).eval()
    model.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    models = list(model.variants().values()) if run.config.model == "multirate" else [model.reference()]
    found = [per_image(one, images) for one in models]
    return np.array([(v["distortion"] + v.get("rate", 0)).mean(dtype=np.float64) for v in found])


def main() -> int:
    from safetensors.numpy import load

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=",".join(build.DATA), help="data sets, separated by commas")
    parser.add_argument("--images", type=int, default=1000, help="test images of each (default: %(default)s)")
    asked = parser.parse_args()
    before, after, largest = 0, 0, 0.0
    for name in asked.data.split(","):
        images = load_dataset(name).test_images[: asked.images]
        for run in RunStore(shipped=SHIPPED):
            if not run.shipped or run.config.dataset != name or run.config.seed or not run.complete:
                continue
            if run.config.noise or run.config.reduction != "sum":  # shown by the server's pictures, without the network
                continue
            plain = with_layers(run.read(WEIGHTS), layers_of(run.config))
            small = compact(plain)
            with torch.no_grad():
                change = losses(run, expanded(small), images) - losses(run, load(plain), images)
            worst = change[np.abs(change).argmax()]
            before, after, largest = before + len(plain), after + len(small), max(largest, abs(worst))
            print(f"{run.run_id:45}{len(plain) / 1e6:6.2f} MB{len(small) / 1e6:6.2f} MB{worst:+8.3f} nats", flush=True)
    print(f"{'together':45}{before / 1e6:6.2f} MB{after / 1e6:6.2f} MB, largest change {largest:.3f} nats per image")
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
