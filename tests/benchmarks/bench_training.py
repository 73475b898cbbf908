"""Training throughput beside the usual way to write it.

    python -m tests.benchmarks.bench_training [--images 60000] [--epochs 10] [--repeats 3]

Same network (784-400-20, ReLU), batch 128, Adam 1e-3, same machine, by turns, each time in a fresh process:
  usual   the loop of PyTorch's VAE example on CPU: torchvision's MNIST with ToTensor, a DataLoader without workers,
          cross-entropy of sigmoids, Adam as it comes, .item() after every batch
  core    `core.training.loop.fit`: one uint8 tensor, one index per batch, in fp32 and in what this machine multiplies
          fastest
Processes are fresh because `fit` readies its own (`core.hardware.device.prepare`), which would help the usual loop too;
and there are as many epochs as the example trains, ten: an optimiser slows down as its moments
fade. The ratio is the figure; images per second depend on the machine. Full MNIST is used where it is at hand,
otherwise the embedded 4,000 images repeated.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from core import settings
from core.config import RunConfig
from core.data import datasets
from core.data.dataset import DataError
from core.data.dataset import Dataset as Images
from core.data.torchvision_datasets import import_datasets
from core.hardware import cores, device
from core.training.loop import fit
from tests.benchmarks.parts import Parts, exit_status

cores.spin()  # threads of the fresh processes wait for each other as in a terminal's training
CONFIG = RunConfig(
    trunk="mlp-400", activation="relu", latent_dim=20, batch_size=128, learning_rate=1e-3, schedule="constant", epochs=1
)


class UsualImages(Dataset):
    """What torchvision's MNIST does for one image, tensor -> PIL -> transform, for images that come from elsewhere."""

    def __init__(self, dataset: Images, transform):
        self.images, self.labels, self.transform = (
            torch.from_numpy(dataset.train_images[:, 0].copy()),
            dataset.train_labels,
            transform,
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[i].numpy())), int(self.labels[i])


def usual_images(dataset: Images) -> Dataset:
    """torchvision's own MNIST where it is at hand."""
    torchvision = import_datasets()  # makes torchvision importable where its build does not match torch's
    from torchvision.transforms import ToTensor

    if dataset.name == "mnist" and len(dataset.train_images) <= 60_000:
        whole = torchvision.MNIST(settings.data_dir(), train=True, transform=ToTensor())
        return whole if len(whole) == len(dataset.train_images) else Subset(whole, range(len(dataset.train_images)))
    return UsualImages(dataset, ToTensor())


class UsualVAE(nn.Module):
    """The example's network: x (B, 784) -> sigmoids (B, 784), mean and logvar (B, 20)."""

    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.logvar = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.back, self.out = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = F.relu(self.hidden(x))
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.out(F.relu(self.back(z)))), mean, logvar


def usual_loop(dataset: Images, threads: int, epochs: int) -> float:
    """Images per second of the usual loop."""
    torch.set_num_threads(threads)
    images = usual_images(dataset)
    loader = DataLoader(images, batch_size=CONFIG.batch_size, shuffle=True)
    model = UsualVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=CONFIG.learning_rate)
    model.train()
    start, total = time.perf_counter(), 0.0
    for _ in range(epochs):
        for x, _ in loader:
            x = x.view(-1, 784)
            optimiser.zero_grad()
            again, mean, logvar = model(x)
            rate = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
            loss = F.binary_cross_entropy(again, x, reduction="sum") + rate
            loss.backward()
            total += loss.item()
            optimiser.step()
    return epochs * len(images) / (time.perf_counter() - start)


def core_loop(dataset: Images, threads: int, epochs: int, precision: str) -> float:
    """Images per second of `core.training.loop.fit`, by its own rows: evaluations are left out, as above."""
    os.environ["POINT_OR_CLOUD_PRECISION"] = precision
    device.set_threads(threads)
    rows = [epoch.row for epoch in fit(dataclasses.replace(CONFIG, epochs=epochs), dataset, "cpu")]
    return epochs * len(dataset.train_images) / sum(row["seconds"] for row in rows)


def in_fresh_process(loop: Callable[..., float], *arguments: object) -> float:
    """What `loop` returns in a process of its own, whose threads spin as a terminal's training's do."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(loop, *arguments).result()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="begin nothing more after this (default: none)")
    options = parser.parse_args()
    threads = device.set_threads().count
    try:
        dataset = datasets.load_dataset("mnist")
    except DataError:
        dataset = datasets.load_dataset("mnist-5k")
    index = np.resize(np.arange(len(dataset.train_images)), options.images)
    dataset = dataclasses.replace(
        dataset, train_images=dataset.train_images[index], train_labels=dataset.train_labels[index]
    )
    results: dict[str, list[float]] = {}
    loops = {"usual": (usual_loop,)} | {
        f"core, {p}": (core_loop, p) for p in dict.fromkeys(("fp32", device.products(torch.device("cpu"))))
    }
    parts = Parts(options.limit)
    for repeat in range(options.repeats):
        for name, (loop, *precision) in loops.items():
            part = f"{name}, repeat {repeat + 1}"
            if parts.begin(part):
                with parts(part):
                    results.setdefault(name, []).append(
                        in_fresh_process(loop, dataset, threads, options.epochs, *precision)
                    )
    median = {name: statistics.median(values) for name, values in results.items()}
    print(
        f"{dataset.name}, {options.images} images, {options.epochs} epochs, {threads} threads, "
        f"median of {options.repeats}"
    )
    for name, value in median.items():
        print(
            f"  {name:10s} {value:8.0f} images/s"
            + (f"  ratio {value / median['usual']:.1f}" if "usual" in median else "")
        )
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
