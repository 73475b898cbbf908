"""From a configuration to a finished run: train, report progress, and publish.

`train` finds a run or trains it. Around the loop (`core.training.loop.fit`) it writes the files of the run: after every
epoch its history row, its preview and, at most every `save_seconds`, a state to resume from; between epochs a heartbeat
with the estimated time left. `publish` writes the finished run, its weights last (see `core.runs.run`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset, resolve
from core.errors import error_text
from core.files import npz_bytes, sha256, write_bytes, write_json
from core.hardware import device as devices
from core.models.build import build_model
from core.runs.run import ERROR, LIVE, MANIFEST, RESUME, STOP, WEIGHTS, Run, Status
from core.runs.store import RunStore
from core.training import evaluation, outcome
from core.training.duration import Work
from core.training.images import training_images
from core.training.loop import Epoch, fit, kept_weights
from core.training.outcome import TrainingError
from core.training.progress import BEAT_SECONDS, SYSTEM, Clock, Heartbeat, Stopped, Timing

SAVE_SECONDS = 2.0


def train(
    config: RunConfig,
    store: RunStore | None = None,
    device: str | None = None,
    on_epoch: Callable[[dict[str, Any]], object] | None = None,
    clear_stop: bool = True,
    on_beat: Callable[[], object] | None = None,
    save_seconds: float = SAVE_SECONDS,
    beat_seconds: float = BEAT_SECONDS,
    clock: Clock = SYSTEM,
) -> Run:
    """The finished run of a config: returned as it is if it was trained before, otherwise trained now and kept.

    If two processes ask for the same run, it is trained once: the second waits for the first. An interrupted run
    continues where it was and reaches the weights it would have reached without the interruption.

    Args:
        config: what to train.
        store: where runs are kept; by default the user's cache and the shipped runs.
        device: see `core.hardware.device.pick`.
        on_epoch: called with every new history row.
        clear_stop: whether to forget an earlier request to stop. Job queues pass False: a request may be meant for
            the job that is about to start.
        on_beat: called a few times per second during training, e.g. `core.hardware.cores.Threads.follow`.
        save_seconds: the least time between two states to resume from.
        beat_seconds: the least time between two heartbeats, each with a live preview, after the first few.
        clock: tells the time for all of these, and for the estimate of the time that is left.

    Raises:
        DataError: the images are not available.
        ConfigError: the config asks for more images than there are, a class or a device that does not exist.
        Stopped: the run was asked to stop.
        TrainingError: training cannot continue or ended in an unusable model. error.txt in the run's folder has the
            reason, and nothing is published.
    """
    from filelock import FileLock

    store = store or RunStore()
    config = resolve(config)
    found = store.run(config)
    if found.status() is Status.COMPLETE:
        return found
    if config.held_out_class is not None or config.train_size is not None:
        # Refuse an impossible request before anything is written.
        training_images(config, load_dataset(config.dataset, config.data_digest, store.cache))
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
            _train_into(run, config, device, on_epoch, on_beat, save_seconds, beat_seconds, clock)
        except Stopped:
            raise
        except Exception as error:
            write_bytes(run.path / ERROR, f"{error_text(error)}\n".encode())
            raise
        finally:
            run.rest()
    store.evict(keep=run.run_id)
    return run


class _ResumePoint(NamedTuple):
    """The state that an interrupted run continues from: an epoch, its `Epoch.state()`, and the codes traced so far."""

    epoch: int
    tensors: dict[str, torch.Tensor]
    trace: list[np.ndarray]


def _resume_point(run: Run) -> _ResumePoint | None:
    """The saved state of an interrupted run; None where there is none that can be used, and training starts over."""
    try:
        with safe_open(run.path / RESUME, "pt") as file:
            epoch = int(file.metadata()["epoch"])
            names: list[str] = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
        trace = list(tensors.pop("trace").numpy())
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    if len(run.history()) < epoch + 1 or len(trace) != epoch + 1:
        return None
    return _ResumePoint(epoch, tensors, trace)


def _write_history(run: Run, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row, allow_nan=False) + "\n" for row in rows]
    write_bytes(run.path / "history.jsonl", "".join(lines).encode())


def _save_state(run: Run, epoch: Epoch, trace: list[np.ndarray]) -> None:
    tensors = {**epoch.state(), "trace": torch.from_numpy(np.stack(trace))}
    tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    write_bytes(run.path / RESUME, save(tensors, {"epoch": str(epoch.number)}))


def _train_into(
    run: Run,
    config: RunConfig,
    device: str | None,
    on_epoch: Callable[[dict[str, Any]], object] | None,
    on_beat: Callable[[], object] | None,
    save_seconds: float,
    beat_seconds: float,
    clock: Clock,
) -> None:
    """Train a run, from its saved state where there is one, and publish it; arguments and errors as in `train`."""
    timing = Timing(config, clock)
    saved = timing.began
    resume = _resume_point(run)
    trace = resume.trace if resume else []
    rows = run.history()[: resume.epoch + 1] if resume else []
    heartbeat = Heartbeat(run, timing, len(trace), on_beat, beat_seconds)
    heartbeat.beat_now(0.0)
    dataset = run.dataset()  # images from a folder are copied into the run store here
    _write_history(run, rows)
    work = Work(config, len(training_images(config, dataset)), len(dataset.test_images))
    timing.start(work, devices.describe(devices.pick(device)))
    epoch: Epoch | None = None
    for epoch in fit(config, dataset, device, (resume.epoch, resume.tensors) if resume else None, heartbeat.beat):
        reference = epoch.model.reference()
        rows.append(epoch.row)
        trace.append(evaluation.traced_codes(reference, dataset))
        heartbeat.measurements, heartbeat.shown = len(trace), (epoch, dataset)
        preview = evaluation.preview(reference, dataset)
        write_bytes(run.path / "previews" / f"epoch-{epoch.number:03d}.png", preview)
        write_bytes(run.path / LIVE, preview)
        _write_history(run, rows)
        if clock.elapsed() - saved > save_seconds:
            saved = clock.elapsed()
            _save_state(run, epoch, trace)
        if on_epoch is not None:
            on_epoch(epoch.row)
        timing.learn()
        if epoch.number < config.epochs:
            heartbeat.beat_now(epoch.number / config.epochs)
        else:
            heartbeat.beat(1.0)
    if epoch is not None:
        weights = epoch.model.state_dict()
    else:  # the interrupted run had finished its last epoch and was not yet published
        assert resume is not None, "a run of at least one epoch yields one unless it resumes after its last"
        weights = kept_weights(config, resume.tensors)
    publish(run, config, weights, dataset, np.stack(trace))
    if not resume:
        timing.learn(whole_run=True)


def publish(run: Run, config: RunConfig, weights: dict[str, torch.Tensor], dataset: Dataset, trace: np.ndarray) -> None:
    """Round trained weights to half precision, measure that model, and write the finished run, its weights last.

    The measured model is built from the rounded weights, as `Run.load_model` builds it: figures and files agree.

    Args:
        run: where to write.
        config: of the run.
        weights: the trained weights, before rounding.
        dataset: the images it was trained on and is measured on.
        trace: codes (epochs + 1, n, d) of the first test images after every epoch.

    Raises:
        TrainingError: the model is unusable (see `core.training.outcome`). Nothing is written then.
    """
    exact = {k: v.cpu() for k, v in weights.items()}
    weights = {k: v.half().contiguous() for k, v in exact.items()}
    model = build_model(config).eval().requires_grad_(False)
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    outcome.refuse(model, exact, training_images(config, dataset))
    figures, gallery, densities = evaluation.artifacts(model, dataset)
    if not all(np.isfinite(array).all() for array in (*gallery.values(), *densities.values())):
        raise TrainingError(
            "training went wrong: not all codes of the test images are finite in half precision. "
            f"Lower learning_rate (now {config.learning_rate:g})."
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
