"""Training a judge, and the folders in which judges are kept.

`load_judge` returns the shipped judge of a data set, else the one in the user's cache, else trains one and keeps it
there. `python -m core judge DATASET` trains one; with `--out checkpoints/judges/DATASET` it makes a shipped one.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from core import settings
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.data.shape import GREY_28
from core.files import sha256, slug
from core.metrics.judge import SCHEMA, Judge, JudgeError, Network, check_varied, read_judge, spread
from core.training.optimisation import one_cycle

BATCH, LEARNING_RATE = 64, 3e-3
SHIFT = 2  # pixels by which a batch is shifted at random
IMAGES_SEEN, EPOCHS = 80_000, (4, 20)  # 20 epochs of a few thousand images, at least 4 of many
TOTAL_VARIANCE = 100.0  # of the features of training images, after scaling
_LOADED: dict[tuple[Path, Path], Judge] = {}  # by its `folders`


def train_judge(
    dataset: Dataset,
    folder: Path | None = None,
    device: str = "cpu",
    seed: int = 0,
    epochs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Judge:
    """Train a judge on the training split and measure it on the test split; 10 to 20 seconds on two cores.

    Args:
        dataset: the images.
        folder: where to save it; None for nowhere.
        device: where to train.
        seed: of the weights and the batch order.
        epochs: by default enough for `IMAGES_SEEN` images, within `EPOCHS`.
        progress: called with the number of finished epochs and the number of all epochs.

    Raises:
        JudgeError: fewer than two classes, or all training images are equal.
    """
    classes = len(dataset.classes)
    if classes < 2:
        raise JudgeError(
            f"{dataset.name} has {classes} class: a judge needs at least two. "
            "Sort the images into one sub-folder per class."
        )
    check_varied(dataset)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(classes, dataset.shape)
    network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  torch's stub omits it
    images = torch.from_numpy(np.array(dataset.train_images)).to(device)
    labels = torch.from_numpy(np.array(dataset.train_labels)).to(device)
    side = dataset.shape.side
    epochs = epochs or int(np.clip(round(IMAGES_SEEN / len(images)), *EPOCHS))
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: one_cycle(step / steps))
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        if progress is not None:
            progress(epoch, epochs)
        for chosen in torch.randperm(len(images), generator=generator).split(BATCH):
            x = images[chosen.to(device)].float() / 255
            top, left = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
            # A shift does not change the class. Grey images are drawn on black, which is what padding adds.
            x = F.pad(x, (SHIFT,) * 4, mode="replicate" if dataset.shape.color else "constant")
            x = x[:, :, top : top + side, left : left + side]
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(network(x), labels[chosen.to(device)]).backward()
            optimiser.step()
            schedule.step()
    if progress is not None:
        progress(epochs, epochs)
    network.cpu().eval().requires_grad_(False)
    # Measured with the weights that are stored, which are in half precision.
    network.load_state_dict({k: v.half().float().contiguous() for k, v in network.state_dict().items()})
    shape = {} if dataset.shape == GREY_28 else {"shape": list(dataset.shape)}
    judge = Judge(network, {"scale": 1.0, **shape})
    train_images = dataset.train_images[spread(len(dataset.train_images), 10_000)]
    features = judge.features_and_probabilities(train_images)[0]
    judge.info |= {
        "schema": SCHEMA,
        "dataset": dataset.name,
        "data_digest": dataset.digest,
        "accuracy": float((judge.predict(dataset.test_images) == dataset.test_labels).mean()),
        "held_out": len(dataset.test_images),
        "weights": sum(p.numel() for p in network.parameters()),
        "classes": classes,
        "scale": float(np.sqrt(TOTAL_VARIANCE / max(features.var(0).sum(), 1e-12))),
        "epochs": epochs,
        "seed": seed,
        "sha256": sha256(judge.weights()),
    }
    if folder is not None:
        judge.save(folder)
    return judge


def folders(name: str, digest: str) -> tuple[Path, Path]:
    """Where the judge of a data set can be: the folder of a shipped one, and that in the user's cache."""
    folder = slug(name, 40)
    tag = hashlib.sha256(f"{digest}/{SCHEMA}".encode()).hexdigest()[:8]
    return settings.SHIPPED / "judges" / folder, settings.cache_dir() / "judges" / f"{folder}-{tag}"


def find_judge(dataset: Dataset) -> Judge | None:
    """The judge of a data set if there is one; None otherwise. Does not train."""
    for folder in folders(dataset.name, dataset.digest):
        judge = read_judge(folder)
        if judge is not None and judge.info["data_digest"] == dataset.digest:
            return judge
    return None


def load_judge(dataset: Dataset, device: str = "cpu", train: Callable[..., Judge] = train_judge) -> Judge:
    """The judge of a data set: the shipped one, else the one in the cache, else trained now and kept there.

    Args:
        dataset: the images.
        device: where to train.
        train: trains it if there is none, see `train_judge`.

    Raises:
        JudgeError: it has to be trained, and there are fewer than two classes or all training images are equal.
    """
    key = folders(dataset.name, dataset.digest)
    if key not in _LOADED:
        judge = find_judge(dataset)
        if judge is None:
            judge = train(dataset, device=device)
            with contextlib.suppress(OSError):  # if it cannot be saved, the next process trains it again
                judge.save(key[1])
        _LOADED[key] = judge
    return _LOADED[key]


def judge_task(name: str, digest: str, store: str) -> None:
    """The job of a worker for images without a judge: train and keep one; arguments as of `load_dataset`."""
    load_judge(load_dataset(name, digest, Path(store)))
