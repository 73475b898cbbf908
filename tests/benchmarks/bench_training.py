"""Training throughput against the loop everyone starts from.

    python -m tests.benchmarks.bench_training [--images 60000] [--repeats 3]

Same network (784-400-20, ReLU), batch 128, Adam 1e-3, same machine, same process, interleaved:
  usual   DataLoader over PIL images with ToTensor, as in PyTorch's VAE example
  core    `core.training.fit`: one uint8 tensor, one index per batch
The ratio is the figure; images a second depend on the machine. Full MNIST is used where it is at hand, otherwise the
embedded 4,000 images repeated.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from core import device
from core.config import RunConfig
from core.data import DataError, load_dataset
from core.models import build_model
from core.torchvision_ import import_datasets
from core.training import fit

CONFIG = RunConfig(trunk="mlp-400", activation="relu", latent_dim=20, batch_size=128, learning_rate=1e-3, schedule="constant", epochs=1)


class UsualImages(Dataset):
    """What torchvision's MNIST does for one image: tensor -> PIL -> ToTensor (torchvision's own)."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        import_datasets()  # makes torchvision importable where its build does not match torch's
        from torchvision.transforms import Compose, ToTensor

        self.images, self.labels, self.transform = torch.from_numpy(images[:, 0].copy()), labels, Compose([ToTensor()])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[i].numpy())), int(self.labels[i])


def usual_loop(images: np.ndarray, labels: np.ndarray) -> float:
    """Images a second of one epoch of the usual loop."""
    loader = DataLoader(UsualImages(images, labels), batch_size=CONFIG.batch_size, shuffle=True)
    model = build_model(CONFIG)
    optimiser = torch.optim.Adam(model.parameters(), lr=CONFIG.learning_rate)
    model.train()
    start, total = time.perf_counter(), 0.0
    for x, _ in loader:
        optimiser.zero_grad()
        loss = model.loss(x)
        loss.backward()
        total += loss.item()
        optimiser.step()
    return len(images) / (time.perf_counter() - start)


def core_loop(data) -> float:
    """Images a second of one epoch of `core.training.fit`, as it reports them (its own evaluation left out)."""
    began, images = time.perf_counter(), len(data.train_images)
    rows = []
    for epoch in fit(CONFIG, data, "cpu", on_batch=lambda fraction: rows.append(time.perf_counter())):
        if epoch.number == 0:
            began = time.perf_counter()
    return images / (rows[-1] - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    threads = device.set_threads()
    try:
        data = load_dataset("mnist")
    except DataError:
        data = load_dataset("mnist-5k")
    index = np.resize(np.arange(len(data.train_images)), options.images)
    data = dataclasses.replace(data, train_images=data.train_images[index], train_labels=data.train_labels[index])
    results: dict[str, list[float]] = {"usual": [], "core": []}
    for _ in range(options.repeats):
        results["usual"].append(usual_loop(data.train_images, data.train_labels))
        results["core"].append(core_loop(data))
    median = {name: statistics.median(values) for name, values in results.items()}
    print(f"{data.name}, {options.images} images, {threads} threads, median of {options.repeats}")
    for name, value in median.items():
        print(f"  {name:6s} {value:8.0f} images/s")
    print(f"  ratio  {median['core'] / median['usual']:.1f}")


if __name__ == "__main__":
    main()
