"""The training loop, the same for all models.

    for each epoch:  shuffle;  for each batch:  minimise mean(D + beta R)  with Adam, or with Muon and Adam

`fit` is a generator that yields after every epoch and can be resumed from any of the states it yields.
`core.training.train_run.train` runs it and publishes the result. Random numbers come from generators seeded by
(seed, epoch), so an epoch is the same whether the epochs before it ran in this process or in another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.config import RunConfig
from core.data.dataset import Dataset
from core.hardware import device as devices
from core.models.build import build_model
from core.models.networks import Trainable
from core.training import evaluation
from core.training.duration import MEASURED
from core.training.images import training_images
from core.training.optimisation import SCHEDULES, Average, Optimiser, optimisers
from core.training.outcome import TrainingError

# Kinds of tensors in a saved state: the weights that the optimisers move, and the running mean of them.
WEIGHT, MEAN = "weight", "mean"


@dataclass
class Epoch:
    """The state after an epoch, and its row for the history. Epoch 0 is the state before training.

    Attributes:
        number: of the epoch.
        row: its figures, JSON values (see `fit`).
        model: the model that is measured and kept: `moved`, or the running mean of its weights.
        moved: the model that the optimisers change.
        optimisers: by name, "adam" and possibly "muon".
    """

    number: int
    row: dict[str, Any]
    model: Trainable
    moved: Trainable
    optimisers: dict[str, Optimiser]

    def state(self) -> dict[str, torch.Tensor]:
        """Weights and moments of the optimisers as named tensors: all that `fit` needs to continue from here."""
        tensors = {f"{WEIGHT}.{k}": v.detach().clone() for k, v in self.moved.state_dict().items()}
        if self.model is not self.moved:
            tensors |= {f"{MEAN}.{k}": v.detach().clone() for k, v in self.model.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            for i, entry in optimiser.state_dict()["state"].items():
                tensors |= {f"{name}.{i}.{k}": v.detach().clone() for k, v in entry.items()}
        return tensors


def _named(tensors: dict[str, torch.Tensor], kind: str) -> dict[str, torch.Tensor]:
    """The tensors of one kind in an `Epoch.state()`, under their names without the kind."""
    return {k.removeprefix(f"{kind}."): v for k, v in tensors.items() if k.startswith(f"{kind}.")}


def kept_weights(config: RunConfig, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights that a finished run keeps, out of the `Epoch.state()` after its last epoch."""
    return _named(state, MEAN if config.averaging else WEIGHT)


def _restore(model: Trainable, optimisers: dict[str, Optimiser], tensors: dict[str, torch.Tensor]) -> None:
    """Set a model and its optimisers to the state that `Epoch.state()` returned."""
    model.load_state_dict(_named(tensors, WEIGHT))
    for name, optimiser in optimisers.items():
        state: dict[int, dict[str, torch.Tensor]] = {}
        for path, value in tensors.items():
            if path.startswith(f"{name}."):
                _, i, key = path.split(".")
                # The memory format of the weights, see `fit`.
                memory_format = torch.channels_last if value.dim() == 4 else torch.contiguous_format
                state.setdefault(int(i), {})[key] = value.to(memory_format=memory_format)
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def current_beta(config: RunConfig, epoch: int) -> float | None:
    """The weight of the rate in an epoch of the warm-up; None where the config's own weight applies."""
    if config.beta is None or not config.warmup_epochs:
        return None
    return config.beta * min(1, epoch / config.warmup_epochs)


def fit(
    config: RunConfig,
    dataset: Dataset,
    device: str | None = None,
    start: tuple[int, dict[str, torch.Tensor]] | None = None,
    on_batch: Callable[[float], None] | None = None,
) -> Iterator[Epoch]:
    """Train, yielding an `Epoch` before the first epoch and after every epoch.

    Bit for bit reproducible on the same CPU with the same number of threads and the same seed.

    Args:
        config: what to train.
        dataset: the images.
        device: see `core.hardware.device.pick`.
        start: (epoch, its `Epoch.state()`) to continue from; only later epochs are then yielded.
        on_batch: called after every batch with the fraction of training that is done; may raise to stop.

    Yields:
        rows with epoch, epochs, beta, train_loss, test_n, distortion, rate, neg_elbo (nats per image),
        rate_per_dim, mse, active_units, seconds, images_per_second, device.

    Raises:
        TrainingError: the loss or a figure stopped being finite, or the device ran out of memory.
    """
    target = devices.pick(device)
    devices.prepare()
    images = training_images(config, dataset)
    model = build_model(config)
    model.start_from(images)
    # Channels last in memory: convolutions on a CPU are 15 to 30 % faster, with the same results.
    model.to(target, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  torch's stub omits it
    steppers, parameters = optimisers(config, model), list(model.parameters())
    products = devices.precision(target, model.convolutional)
    average = Average(model, config.averaging) if config.averaging else None
    kept = model if average is None else average.model
    first = 0
    if start is not None:
        first, tensors = start
        _restore(model, steppers, tensors)
        if average is not None:
            kept.load_state_dict(_named(tensors, MEAN))
    batches = math.ceil(len(images) / config.batch_size)
    schedule = SCHEDULES[config.schedule]
    try:
        data = torch.from_numpy(np.array(images)).to(target)  # all images (N, C, H, W), uint8, copied once
        if start is None:
            yield Epoch(0, _row(config, kept, dataset, 0, target, None, 0, 0), kept, model, steppers)
        for epoch in range(first + 1, config.epochs + 1):
            began, total = time.perf_counter(), torch.zeros((), device=target)
            seed = config.seed * 100_003 + epoch
            order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)).to(target)
            generator = torch.Generator(target).manual_seed(seed)
            beta = current_beta(config, epoch)
            model.train()
            for i, chosen in enumerate(order.split(config.batch_size)):
                step = (epoch - 1) * batches + i
                rate = config.learning_rate * schedule(step / (config.epochs * batches))
                x = data.index_select(0, chosen).float().div_(255)  # several times faster than data[chosen]
                inputs = None
                if config.noise:
                    inputs = (x + config.noise * torch.randn(x.shape, generator=generator, device=target)).clamp_(0, 1)
                for parameter in parameters:  # as model.zero_grad(), without walking over all modules
                    parameter.grad = None
                with products:
                    loss = model.loss(x, generator, inputs, beta)
                    loss.backward()
                for optimiser in steppers.values():
                    optimiser.param_groups[0]["lr"] = rate
                    optimiser.step()
                if average is not None:
                    average.update(step)
                total.add_(loss.detach(), alpha=len(x))
                if on_batch is not None:
                    on_batch((step + 1) / (config.epochs * batches))
            mean_loss = float(total) / len(data)
            model.eval()
            row = _row(config, kept, dataset, epoch, target, mean_loss, time.perf_counter() - began, len(data))
            for name, figure in (("loss", mean_loss), ("distortion", row["distortion"]), ("rate", row["rate"] or 0.0)):
                if not math.isfinite(figure):
                    raise TrainingError(
                        f"the {name} is {figure} in epoch {epoch}: training diverged. "
                        f"Lower learning_rate (now {config.learning_rate:g})."
                    )
            yield Epoch(epoch, row, kept, model, steppers)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"{devices.describe(target)} ran out of memory. "
            f"Lower batch_size (now {config.batch_size}), or use --device cpu."
        ) from error


def _row(
    config: RunConfig,
    model: Trainable,
    dataset: Dataset,
    epoch: int,
    device: torch.device,
    loss: float | None,
    seconds: float,
    images: int,
) -> dict[str, Any]:
    """The history row of an epoch, with its figures on the first `MEASURED` test images; `images` is per epoch."""
    model.eval()
    with devices.precision(device, model.convolutional):
        figures = evaluation.evaluate(model.reference(), dataset, n=MEASURED)
    return {
        "epoch": epoch,
        "epochs": config.epochs,
        "beta": config.beta,
        "train_loss": loss,
        "test_n": figures.pop("n"),
        **figures,
        "seconds": round(seconds, 4),
        "images_per_second": round(images / seconds) if seconds else None,
        "device": devices.describe(device),
    }
