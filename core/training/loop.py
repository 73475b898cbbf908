"""Training: one loop for both models.

    for each epoch:  shuffle;  for each batch:  minimise mean(D + beta R)  with Adam, or with Muon and Adam

`fit` is the loop: a generator that yields after every epoch and can be resumed from any of its states. `train` runs it
and publishes the result as a run. Random numbers come from generators seeded by (seed, epoch), so an epoch is the same
whether the ones before it ran in this process or in another.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.config import ConfigError, RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset, resolve
from core.errors import FAILURE, told
from core.files import npz_bytes, sha256, write_bytes, write_json
from core.hardware import device as devices
from core.models.build import build_model
from core.models.networks import Trainable
from core.runs.store import ERROR, HEARTBEAT, LIVE, MANIFEST, RESUME, STOP, WEIGHTS, Run, RunError, RunStore, Status
from core.training import evaluation, outcome
from core.training.duration import MEASURED, Pace, Speeds, Work
from core.training.optimisation import SCHEDULES, Average, Optimiser, optimisers
from core.training.outcome import TrainingError

BEAT_SECONDS = 0.4
MEAN = "mean"  # the averaged weights in a saved state
SAVE_SECONDS = 2.0


class Stopped(RunError):
    """Training was asked to stop. What was reached is kept, and asking for the run again goes on from there."""

    exit_code = FAILURE


@dataclass
class Epoch:
    """The state after an epoch (epoch 0: before the first), and its row for the history.

    Attributes:
        model: what is measured and kept: the model that the optimisers move, or the running mean of its weights.
        moved: the model that the optimisers move.
    """

    number: int
    row: dict[str, Any]
    model: Trainable
    moved: Trainable
    optimisers: dict[str, Optimiser]

    def state(self) -> dict[str, torch.Tensor]:
        """Weights and the optimisers' moments as named tensors: all that `fit` needs to go on from here."""
        tensors = {f"weight.{k}": v.detach().clone() for k, v in self.moved.state_dict().items()}
        if self.model is not self.moved:
            tensors |= {f"{MEAN}.{k}": v.detach().clone() for k, v in self.model.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            for i, entry in optimiser.state_dict()["state"].items():
                tensors |= {f"{name}.{i}.{k}": v.detach().clone() for k, v in entry.items()}
        return tensors


def _named(tensors: dict[str, torch.Tensor], kind: str) -> dict[str, torch.Tensor]:
    """The tensors of one kind in an `Epoch.state()`, by their own names."""
    return {k.removeprefix(f"{kind}."): v for k, v in tensors.items() if k.startswith(f"{kind}.")}


def _restore(model: Trainable, optimisers: dict[str, Optimiser], tensors: dict[str, torch.Tensor]) -> None:
    model.load_state_dict(_named(tensors, "weight"))
    for name, optimiser in optimisers.items():
        state: dict[int, dict[str, torch.Tensor]] = {}
        for path, value in tensors.items():
            if path.startswith(f"{name}."):
                _, i, key = path.split(".")
                format = (
                    torch.channels_last if value.dim() == 4 else torch.contiguous_format
                )  # as the weights are, see `fit`
                state.setdefault(int(i), {})[key] = value.to(memory_format=format)
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def training_images(config: RunConfig, dataset: Dataset) -> np.ndarray:
    """The training images a config asks for: without its held-out class, at most its train_size; uint8 (N, 1, 28, 28).

    Raises:
        ConfigError: there is no such class to leave out, nothing else to train on, or fewer images than train_size.
    """
    images, held_out, size = dataset.train_images, config.held_out_class, config.train_size
    if held_out is not None:
        if held_out >= len(dataset.classes):
            raise ConfigError(f"held_out_class={held_out}: {dataset.name} has classes 0 to {len(dataset.classes) - 1}.")
        images = images[dataset.train_labels != held_out]
        if not len(images):
            raise ConfigError(
                f"held_out_class={held_out}: {dataset.name} has no other class to train on. Leave held_out_class out."
            )
    if size is not None and size > len(images):
        raise ConfigError(
            f"train_size={size}: there are {len(images)} training images. Give at most that many, or leave train_size out."
        )
    return images[:size]


def fit(
    config: RunConfig,
    dataset: Dataset,
    device: str | None = None,
    start: tuple[int, dict[str, torch.Tensor]] | None = None,
    on_batch: Callable[[float], None] = lambda fraction: None,
) -> Iterator[Epoch]:
    """Train, yielding an `Epoch` before the first epoch and after every one.

    The same on one CPU, with one number of threads and for one seed, bit for bit.

    Args:
        device: see `core.hardware.device.pick`.
        start: (epoch, its `Epoch.state()`) to go on from; only later epochs are then yielded.
        on_batch: called with the fraction of training done after every batch; may raise to stop.

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
    model.set_output_bias(float(np.clip(images.mean() / 255, 1e-4, 1 - 1e-4)))
    # Pixels before channels in memory: 15 to 30 % faster convolutions on CPU, the same numbers.
    model.to(target, memory_format=torch.channels_last)
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
        data = torch.from_numpy(np.array(images)).to(target)  # (N, 1, 28, 28) uint8, all of it, once
        if start is None:
            yield Epoch(0, _row(config, kept, dataset, 0, target, None, 0, 0), kept, model, steppers)
        for epoch in range(first + 1, config.epochs + 1):
            began, total = time.perf_counter(), torch.zeros((), device=target)
            seed = config.seed * 100_003 + epoch
            order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)).to(target)
            generator = torch.Generator(target).manual_seed(seed)
            # An int is compared with None here, not a model: warm-up is off unless asked for.
            beta = (
                config.beta * min(1, epoch / config.warmup_epochs)
                if config.beta is not None and config.warmup_epochs
                else None
            )
            model.train()
            for i, chosen in enumerate(order.split(config.batch_size)):
                step = (epoch - 1) * batches + i
                rate = config.learning_rate * schedule(step / (config.epochs * batches))
                x = data.index_select(0, chosen).float().div_(255)  # whole rows: several times faster than data[chosen]
                inputs = None
                if config.noise:
                    inputs = (x + config.noise * torch.randn(x.shape, generator=generator, device=target)).clamp_(0, 1)
                for parameter in parameters:  # what model.zero_grad() does, without its search
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
                on_batch((step + 1) / (config.epochs * batches))
            mean_loss = float(total) / len(data)
            model.eval()
            row = _row(config, kept, dataset, epoch, target, mean_loss, time.perf_counter() - began, len(data))
            for name, figure in (("loss", mean_loss), ("distortion", row["distortion"]), ("rate", row["rate"] or 0.0)):
                if not math.isfinite(figure):
                    raise TrainingError(
                        f"the {name} is {figure} in epoch {epoch}: training diverged. Lower learning_rate (now {config.learning_rate:g})."
                    )
            yield Epoch(epoch, row, kept, model, steppers)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"{devices.describe(target)} ran out of memory. Lower batch_size (now {config.batch_size}), or use --device cpu."
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


def _resume_point(run: Run) -> tuple[int, dict[str, torch.Tensor], list[np.ndarray]] | None:
    """(epoch, state, traced codes) of an interrupted run; None when there is nothing usable, and training starts over."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(run.path / RESUME, "pt") as file:
            epoch = int(file.metadata()["epoch"])
            tensors = {k: file.get_tensor(k) for k in file.keys()}
        trace = list(tensors.pop("trace").numpy())
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    if len(run.history()) < epoch + 1 or len(trace) != epoch + 1:
        return None
    return epoch, tensors, trace


def train(
    config: RunConfig,
    store: RunStore | None = None,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], None] = lambda row: None,
    clear_stop: bool = True,
    on_beat: Callable[[], object] = lambda: None,
) -> Run:
    """The finished run of a config: found if it was trained before, else trained, now, and kept.

    Two processes asking for one run train it once: the second waits for the first and finds it. An interrupted run goes
    on where it was and reaches the weights it would have reached.

    Args:
        on_epoch: called with every new history row.
        on_beat: called a few times a second while it trains, such as `core.hardware.cores.Threads.follow`.
        clear_stop: forget an earlier request to stop. Job queues pass False, since theirs may be meant for this very job.

    Raises:
        DataError, ConfigError: the images, so many of them, the held-out class or the device cannot be had.
        Stopped: somebody asked the run to stop.
        TrainingError: it cannot go on, or went wrong; the run's error.txt says why, and nothing is published.
    """
    from filelock import FileLock

    store = store or RunStore()
    config = resolve(config)
    found = store.run(config)
    if found.status() is Status.COMPLETE:
        return found
    if config.held_out_class is not None or config.train_size is not None:
        training_images(
            config, load_dataset(config.dataset, config.data_digest, store.cache)
        )  # a wrong request is refused before anything is written
    run = Run(store.cache / config.run_id)
    locks = store.cache / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{run.run_id}.lock"):
        status = run.status()
        if status is Status.COMPLETE:
            return run
        if status is Status.DAMAGED:
            shutil.rmtree(run.path)
        if clear_stop:
            (run.path / STOP).unlink(missing_ok=True)
        (run.path / ERROR).unlink(missing_ok=True)
        write_bytes(run.path / "config.json", (json.dumps(config.to_dict(), indent=1) + "\n").encode())
        try:
            _train_into(run, config, device, on_epoch, on_beat)
        except Stopped:
            raise
        except Exception as error:
            write_bytes(run.path / ERROR, f"{told(error)}\n".encode())
            raise
        finally:
            run.rest()
    store.evict(keep=run.run_id)
    return run


def _train_into(
    run: Run,
    config: RunConfig,
    device: str | None,
    on_epoch: Callable[[dict[str, Any]], None],
    on_beat: Callable[[], object],
) -> None:
    from safetensors.torch import save

    began = beat = saved = time.monotonic()
    speeds, pace, work, mark = Speeds(), Pace(), None, None  # mark: when work was last counted, and what was left then
    computed, known = time.process_time(), None
    resume = _resume_point(run)
    first, trace = (resume[0], resume[2]) if resume else (0, [])
    rows = run.history()[: first + 1] if resume else []

    def share() -> float:
        """Of this run's time so far, how much its process was given a core: less than 1 where others want it, too."""
        return min(max((time.process_time() - computed) / max(time.monotonic() - began, 1e-3), 0.02), 1.0)

    def heartbeat(fraction: float, urgent: bool = False) -> None:
        """At most every `BEAT_SECONDS`: say that the run is alive and how far it is, show it, and look for a request to stop."""
        nonlocal beat, mark
        now = time.monotonic()
        if not urgent and now - beat < min(BEAT_SECONDS, (now - began) / 2):  # early beats come soon after one another
            return
        beat = now
        on_beat()
        if (run.path / STOP).exists():
            raise Stopped(
                f"{run.run_id} was stopped. Ask for it again to go on from epoch {len(trace) - 1 if trace else 0}."
            )
        if epoch is not None and not urgent:
            write_bytes(run.path / LIVE, evaluation.preview(epoch.model.reference(), dataset))
        left = None
        if work is not None:
            now, images = time.monotonic(), work.left(fraction, len(trace))
            if mark is not None and now > mark[0]:
                pace.add(now - mark[0], mark[1] - images)
            mark = (now, images) if trace else None  # what comes before the first measurement happens once a process
            pace.known = known and known / share()
            left = None if pace.now is None else pace.now * images
        write_bytes(
            run.path / HEARTBEAT,
            json.dumps({"fraction": round(fraction, 4), "seconds_left": left and round(left, 1)}).encode(),
        )

    def write_history() -> None:
        write_bytes(
            run.path / "history.jsonl", "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
        )

    epoch: Epoch | None = None
    heartbeat(0.0, urgent=True)
    dataset = run.dataset()  # of a folder: kept with the run from now on
    write_history()
    work, where = (
        Work(config, len(training_images(config, dataset)), len(dataset.test_images)),
        devices.describe(devices.pick(device)),
    )
    known = speeds.seconds(config, where)
    for epoch in fit(config, dataset, device, resume and resume[:2], heartbeat):
        rows.append(epoch.row)
        trace.append(evaluation.traced_codes(epoch.model.reference(), dataset))
        preview = evaluation.preview(epoch.model.reference(), dataset)
        write_bytes(run.path / "previews" / f"epoch-{epoch.number:03d}.png", preview)
        write_bytes(run.path / LIVE, preview)
        write_history()
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            tensors = {**epoch.state(), "trace": torch.from_numpy(np.stack(trace))}
            write_bytes(
                run.path / RESUME,
                save({k: v.contiguous().cpu() for k, v in tensors.items()}, {"epoch": str(epoch.number)}),
            )
        on_epoch(epoch.row)
        if pace.measured:
            speeds.learn(config, where, share() * pace.measured, share() * pace.measured * work.total)
        heartbeat(epoch.number / config.epochs, urgent=epoch.number < config.epochs)
    if epoch is None:  # every epoch had been done; only publishing was left
        weights = _named(resume[1], MEAN if config.averaging else "weight")
    else:
        weights = epoch.model.state_dict()
    publish(run, config, weights, dataset, np.stack(trace))
    if pace.measured and not resume:
        speeds.learn(config, where, share() * pace.measured, share() * (time.monotonic() - began))


def publish(run: Run, config: RunConfig, weights: dict[str, torch.Tensor], dataset: Dataset, trace: np.ndarray) -> None:
    """Round trained weights to fp16, measure that model, and write the finished run, its weights last.

    The model that is measured is built as a reader of the run will build it, so the figures are those of what is kept.

    Raises:
        TrainingError: it is not worth keeping (see `core.training.outcome`). Nothing is written then.
    """
    from safetensors.torch import save

    exact = {k: v.cpu() for k, v in weights.items()}
    weights = {k: v.half().contiguous() for k, v in exact.items()}
    model = build_model(config).eval().requires_grad_(False)
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    outcome.refuse(model, exact, training_images(config, dataset))
    figures, gallery, densities = evaluation.portfolio(model, dataset)
    if not all(np.isfinite(array).all() for array in (*gallery.values(), *densities.values())):
        raise TrainingError(
            f"training went wrong: not all codes of the test images are finite in half precision. Lower learning_rate (now {config.learning_rate:g})."
        )
    write_json(run.path / "evaluation.json", figures)
    write_bytes(run.path / "gallery.npz", npz_bytes(**gallery))
    write_bytes(run.path / "density.npz", npz_bytes(**densities))
    write_bytes(run.path / "trace.npz", npz_bytes(**evaluation.pack_trace(trace)))
    stored = save(weights, {"config": config.to_json()})
    names = ["config.json", "history.jsonl", "evaluation.json", "gallery.npz", "density.npz", "trace.npz"]
    names += sorted(f"previews/{p.name}" for p in (run.path / "previews").glob("epoch-*.png"))
    manifest = {name: sha256((run.path / name).read_bytes()) for name in names}
    write_json(run.path / MANIFEST, {**manifest, WEIGHTS: sha256(stored)})
    write_bytes(run.path / WEIGHTS, stored)
    for name in (RESUME, STOP):
        (run.path / name).unlink(missing_ok=True)
