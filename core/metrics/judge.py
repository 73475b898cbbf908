"""The judge: a small classifier trained on the same images, used as a pair of eyes.

Generated images have no label and no original to compare with, so an opinion is needed: which class is this, how sure,
and how far is it from real images in a space where distance means something. That space is the judge's last hidden
layer, 64 numbers an image, taken before its ReLU, and scaled so that the training images' variance adds up to 100: a
Frechet distance of 100 is then what a generator gets that draws one average image over and over, whatever the data.
The judge is trained on the data set's own training images and never sees
the held-out ones; its accuracy on those is stored beside its weights and stated wherever it judges.

`python -m core judge DATASET` trains one, `--out checkpoints/judges/DATASET` those that are shipped.

    judges/<dataset>/judge.json           data digest, accuracy, feature scale, how it was trained, SHA-256 of the weights
    judges/<dataset>/judge.safetensors    fp16 weights
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import settings
from core.data.dataset import Dataset, as_floats
from core.data.datasets import load_dataset
from core.errors import NotMeasurable
from core.files import sha256, slug, write_bytes, write_json
from core.metrics.samples import check_enough, frechet_distance, radii
from core.training.optimisation import one_cycle

SCHEMA = 1
FEATURES = 64
BATCH, LEARNING_RATE, SHIFT = 64, 3e-3, 2
IMAGES_SEEN, EPOCHS = 80_000, (4, 20)  # 20 epochs of a few thousand images, at least 4 of many
TOTAL_VARIANCE = 100.0  # of the features of training images, by the choice of scale
REFERENCE = 1000  # held-out images that generated ones are compared with
_LOADED: dict[str, Judge] = {}  # by data digest


class JudgeError(NotMeasurable):
    """There is no judge for these images. The message says why and what to do."""


class Network(nn.Module):
    """Images (B, 1, 28, 28) -> features (B, 64) -> class logits (B, C); 57,000 weights for ten classes."""

    def __init__(self, classes: int):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 16, 12, 12)
            nn.Conv2d(16, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 32, 5, 5)
            nn.Flatten(),
            nn.Linear(32 * 5 * 5, FEATURES),
        )
        self.classes = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.classes(F.relu(self.features(images)))


@dataclass(frozen=True)
class Reference:
    """What generated images are compared with: held-out images as the judge sees them.

    Attributes:
        images: uint8 (n, 1, 28, 28), n = 1000 spread evenly over the test split, or all of a smaller one.
        labels: (n,).
        features: (n, 64).
        train_features: (m, 64), of as many training images, or all of fewer.
    """

    images: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    train_features: np.ndarray

    @functools.cached_property
    def radii(self) -> np.ndarray:
        """Distance of each image to its fifth nearest other, (n,).

        Raises:
            NotMeasurable: too few images.
        """
        check_enough(len(self.features))
        return radii(self.features)

    @functools.cached_property
    def floor(self) -> float:
        """FD of the training images: what no generator is expected to beat.

        Raises:
            NotMeasurable: too few images.
        """
        check_enough(len(self.features))
        return frechet_distance(self.features, self.train_features)


def spread(total: int, n: int = REFERENCE) -> np.ndarray:
    """Indices of n of `total` images, evenly spaced; all of them where there are fewer."""
    return np.arange(total) if total <= n else np.linspace(0, total, n, endpoint=False).astype(int)


@dataclass
class Judge:
    """A trained network and what is known about it.

    Attributes:
        info: the content of judge.json; `accuracy` is on held-out images.
        folder: where it is kept, if it is.
    """

    network: Network
    info: dict[str, Any]
    folder: Path | None = None
    _references: dict[str, Reference] = field(default_factory=dict, repr=False)

    @property
    def accuracy(self) -> float:
        """Share of held-out images it names correctly."""
        return self.info["accuracy"]

    @torch.no_grad()
    def look(self, images: np.ndarray, batch: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, 64) and class probabilities (N, C) of images, float (N, 28, 28) in [0, 1] or uint8 (N, 1, 28, 28)."""
        device = self.network.classes.weight.device
        x = (
            as_floats(images)
            if images.dtype == np.uint8
            else torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        )
        features = torch.cat(
            [self.network.features(part.to(device)).cpu() for part in x.reshape(-1, 1, 28, 28).split(batch)]
        )
        probabilities = self.network.classes(F.relu(features.to(device))).softmax(1).cpu()
        return features.numpy() * np.float32(self.info["scale"]), probabilities.numpy()

    def weights(self) -> bytes:
        """The network as fp16 safetensors."""
        from safetensors.torch import save

        return save({k: v.half().contiguous() for k, v in self.network.state_dict().items()})

    def save(self, folder: Path) -> None:
        """Write judge.safetensors and judge.json into `folder`."""
        write_bytes(folder / "judge.safetensors", self.weights())
        write_json(folder / "judge.json", self.info)
        self.folder = folder

    def name(self, images: np.ndarray) -> np.ndarray:
        """The most probable class of each image, int64 (N,)."""
        return self.look(images)[1].argmax(1)

    def reference(self, dataset: Dataset) -> Reference:
        """The held-out images of `dataset` as this judge sees them; computed once.

        Raises:
            JudgeError: the data set's images are all alike.
        """
        if dataset.digest not in self._references:
            check_varied(dataset)
            chosen = spread(len(dataset.test_images))
            images = dataset.test_images[chosen]
            features = self.look(images)[0]
            train = self.look(dataset.train_images[spread(len(dataset.train_images), len(images))])[0]
            self._references[dataset.digest] = Reference(images, dataset.test_labels[chosen], features, train)
        return self._references[dataset.digest]


def check_varied(dataset: Dataset) -> None:
    """Whether there is anything to see in the training images.

    Raises:
        JudgeError: they are all one image.
    """
    if (dataset.train_images == dataset.train_images[:1]).all():
        raise JudgeError(
            f"all {len(dataset.train_images)} training images of {dataset.name} are alike: there is nothing to tell them apart by."
        )


def train_judge(
    dataset: Dataset,
    folder: Path | None = None,
    device: str = "cpu",
    seed: int = 0,
    epochs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Judge:
    """Train a judge on the training split and measure it on the test split; 10 to 20 seconds on two cores.

    Args:
        folder: where to save it; nowhere if None.
        epochs: by default as many as show it `IMAGES_SEEN` images, within `EPOCHS`.
        progress: called with the epochs done, and how many there will be.

    Raises:
        JudgeError: fewer than two classes, or images that are all alike.
    """
    classes = len(dataset.classes)
    if classes < 2:
        raise JudgeError(
            f"{dataset.name} has {classes} class: a judge needs at least two. Sort the images into one sub-folder per class."
        )
    check_varied(dataset)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(classes)
    network.to(device, memory_format=torch.channels_last)
    images = torch.from_numpy(np.array(dataset.train_images)).to(device)
    labels = torch.from_numpy(np.array(dataset.train_labels)).to(device)
    epochs = epochs or int(np.clip(round(IMAGES_SEEN / len(images)), *EPOCHS))
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: one_cycle(step / steps))
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        progress(epoch, epochs)
        for chosen in torch.randperm(len(images), generator=generator).split(BATCH):
            x = images[chosen.to(device)].float() / 255
            top, left = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
            x = F.pad(x, (SHIFT,) * 4)[
                :, :, top : top + 28, left : left + 28
            ]  # a digit is the same digit two pixels on
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(network(x), labels[chosen.to(device)]).backward()
            optimiser.step()
            schedule.step()
    progress(epochs, epochs)
    network.cpu().eval().requires_grad_(False)
    network.load_state_dict(
        {k: v.half().float().contiguous() for k, v in network.state_dict().items()}
    )  # as it is stored
    judge = Judge(network, {"scale": 1.0})
    spread_features = judge.look(dataset.train_images[spread(len(dataset.train_images), 10_000)])[0]
    judge.info |= {
        "schema": SCHEMA,
        "dataset": dataset.name,
        "data_digest": dataset.digest,
        "accuracy": float((judge.name(dataset.test_images) == dataset.test_labels).mean()),
        "held_out": len(dataset.test_images),
        "weights": sum(p.numel() for p in network.parameters()),
        "classes": classes,
        "scale": float(np.sqrt(TOTAL_VARIANCE / max(spread_features.var(0).sum(), 1e-12))),
        "epochs": epochs,
        "seed": seed,
        "sha256": sha256(judge.weights()),
    }
    if folder is not None:
        judge.save(folder)
    return judge


def read_judge(folder: Path) -> Judge | None:
    """The judge in a folder; None where there is none, or a damaged one, or one of another version."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        info = json.loads((folder / "judge.json").read_bytes())
        data = (folder / "judge.safetensors").read_bytes()
        if info["schema"] != SCHEMA or info["sha256"] != sha256(data):
            return None
        network = Network(int(info["classes"]))
        network.load_state_dict({k: v.float() for k, v in load(data).items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None  # judged by what can be read: a judge that cannot is trained again
    return Judge(network.eval().requires_grad_(False), info, folder)


def folders(name: str, digest: str) -> tuple[Path, Path]:
    """Where the judge of a data set is looked for: shipped, then the user's cache."""
    folder = slug(name, 40)
    tag = hashlib.sha256(f"{digest}/{SCHEMA}".encode()).hexdigest()[:8]
    return settings.SHIPPED / "judges" / folder, settings.cache_dir() / "judges" / f"{folder}-{tag}"


def find_judge(dataset: Dataset) -> Judge | None:
    """The judge of a data set if it has been trained, without training one."""
    for folder in folders(dataset.name, dataset.digest):
        judge = read_judge(folder)
        if judge is not None and judge.info["data_digest"] == dataset.digest:
            return judge
    return None


def load_judge(dataset: Dataset, device: str = "cpu") -> Judge:
    """The data set's judge: the shipped one, else the one in the cache, else trained now and kept there.

    Raises:
        JudgeError: it has to be trained, and the images have fewer than two classes or are all alike.
    """
    if dataset.digest not in _LOADED:
        judge = find_judge(dataset)
        if judge is None:
            judge = train_judge(dataset, device=device)
            try:
                judge.save(folders(dataset.name, dataset.digest)[1])
            except OSError:
                pass  # a read-only or full disk costs a training each time, nothing more
        _LOADED[dataset.digest] = judge
    return _LOADED[dataset.digest]


def judge_task(name: str, digest: str, store: str) -> None:
    """What a background worker runs where images have no judge yet: train one, and keep it; arguments as of `core.data.datasets.load_dataset`."""
    load_judge(load_dataset(name, digest, Path(store)))
