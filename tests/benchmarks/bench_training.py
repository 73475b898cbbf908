"""Training throughput beside the usual way to write it.

    python -m tests.benchmarks.bench_training [--images 60000] [--repeats 3]

Same network (784-400-20, ReLU), batch 128, Adam 1e-3, same machine, same process:
  usual   the loop of PyTorch's VAE example on CPU: torchvision's MNIST with ToTensor, a DataLoader without workers,
          cross-entropy of sigmoids, Adam as it comes, .item() after every batch
  core    `core.training.fit`: one uint8 tensor, one index per batch, in fp32 and in what this machine multiplies fastest
The usual loop goes first: `fit` sets how the process keeps memory (`core.device.keep_memory`), which would help it too.
The ratio is the figure; images a second depend on the machine. Full MNIST is used where it is at hand, otherwise the
embedded 4,000 images repeated.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from core import data, device, settings
from core.config import RunConfig
from core.torchvision_ import import_datasets
from core.training import fit

CONFIG = RunConfig(trunk="mlp-400", activation="relu", latent_dim=20, batch_size=128, learning_rate=1e-3, schedule="constant", epochs=1)


class UsualImages(Dataset):
    """What torchvision's MNIST does for one image, tensor -> PIL -> transform, for images that come from elsewhere."""

    def __init__(self, dataset: data.Dataset, transform):
        self.images, self.labels, self.transform = torch.from_numpy(dataset.train_images[:, 0].copy()), dataset.train_labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[i].numpy())), int(self.labels[i])


def usual_images(dataset: data.Dataset) -> Dataset:
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


def usual_loop(images: Dataset) -> float:
    """Images a second of one epoch of the usual loop."""
    loader = DataLoader(images, batch_size=CONFIG.batch_size, shuffle=True)
    model = UsualVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=CONFIG.learning_rate)
    model.train()
    start, total = time.perf_counter(), 0.0
    for x, _ in loader:
        x = x.view(-1, 784)
        optimiser.zero_grad()
        again, mean, logvar = model(x)
        rate = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        loss = F.binary_cross_entropy(again, x, reduction="sum") + rate
        loss.backward()
        total += loss.item()
        optimiser.step()
    return len(images) / (time.perf_counter() - start)


def core_loop(dataset: data.Dataset, precision: str = "auto") -> float:
    """Images a second of one epoch of `core.training.fit`, its evaluation left out."""
    os.environ["POINT_OR_CLOUD_PRECISION"] = precision
    began, ends = time.perf_counter(), []
    for epoch in fit(CONFIG, dataset, "cpu", on_batch=lambda fraction: ends.append(time.perf_counter())):
        if epoch.number == 0:
            began = time.perf_counter()
    return len(dataset.train_images) / (ends[-1] - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    threads = device.set_threads()
    try:
        dataset = data.load_dataset("mnist")
    except data.DataError:
        dataset = data.load_dataset("mnist-5k")
    index = np.resize(np.arange(len(dataset.train_images)), options.images)
    dataset = dataclasses.replace(dataset, train_images=dataset.train_images[index], train_labels=dataset.train_labels[index])
    images, best = usual_images(dataset), device.products(torch.device("cpu"))
    results: dict[str, list[float]] = {"usual": [usual_loop(images) for _ in range(options.repeats)]}
    for _ in range(options.repeats):
        for precision in dict.fromkeys(("fp32", best)):
            results.setdefault(f"core, {precision}", []).append(core_loop(dataset, precision))
    median = {name: statistics.median(values) for name, values in results.items()}
    print(f"{dataset.name}, {options.images} images, {threads} threads, median of {options.repeats}")
    for name, value in median.items():
        print(f"  {name:10s} {value:8.0f} images/s  ratio {value / median['usual']:.1f}")


if __name__ == "__main__":
    main()
