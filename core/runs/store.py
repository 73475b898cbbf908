"""Trained runs on disk. The files *are* the state: they survive restarts and mean the same to every visitor and machine.

    <run_id>/
      config.json           written first
      history.jsonl         one row an epoch, appended while training
      previews/epoch-NNN.png   tiles of 28x28: two rows of 8 prior samples from fixed noise, one row of 8 reconstructions
      trace.npz             codes of 200 test images after every epoch, packed (see `Run.trace`): the latent space forming
      evaluation.json       figures on the whole test split, and how they were measured
      gallery.npz           per-image codes, distortions, rates, and first-paint pictures
      projection.npz        2-D coordinates of the codes (see core.latent.run_maps)
      manifest.json         SHA-256 of every file above and of the weights
      weights.safetensors   renamed into place last: it is there = the run is complete
      resume.safetensors    optimiser and fp32 weights of an unfinished run
      heartbeat, live.png   while it trains: how far it is, and that it is alive; a preview of this moment, between epochs too
      error.txt, stop       why it failed; a request to stop

The images of a `folder:` data set are kept beside the runs that were trained on them, see `core.data.snapshot`.

No pickle anywhere: safetensors, JSON, and npz with allow_pickle=False.
"""

from __future__ import annotations

import enum
import functools
import io
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import settings
from core.config import ConfigError, RunConfig
from core.errors import FAILURE, UserFacingError
from core.files import sha256, write_bytes, write_json

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.models.multirate import MultiRate
    from core.models.networks import Autoencoder

# What a finished run carries of the test images: codes, of which so many with their reconstruction; codes epoch by epoch.
GALLERY, PICTURES, TRACED = 1000, 100, 200
PREVIEWED = 8  # test images, one per class, that the preview of every epoch reconstructs; also the tiles in a row of it
SAMPLES = 64  # new images that a run carries from every source
STALE_SECONDS = 20.0  # an unfinished run that wrote nothing for this long, with no live job, has been abandoned
ABANDONED_SECONDS = 900.0  # an unfinished run that wrote nothing for this long may be evicted, with the epochs it saved
ORPHANED_SECONDS = (
    900.0  # kept images that no run needs are removed after this long: a run that is just beginning may need them
)
CONFIG, WEIGHTS, MANIFEST, RESUME = "config.json", "weights.safetensors", "manifest.json", "resume.safetensors"
HEARTBEAT, LIVE, ERROR, STOP = "heartbeat", "live.png", "error.txt", "stop"


class RunError(UserFacingError, RuntimeError):
    """A run cannot be used. The message names it and says what to do."""


class RunNotFound(RunError):
    """No run of that name, or none that matches."""


class RunDamaged(RunError):
    """A run's files do not match their digests. It is never shown; training it again replaces it."""

    exit_code = FAILURE


class Status(enum.StrEnum):
    """What a run's files say about it."""

    ABSENT = "absent"
    RUNNING = "running"
    STOPPED = "stopped"
    STALE = "stale"
    FAILED = "failed"
    COMPLETE = "complete"
    DAMAGED = "damaged"


@functools.lru_cache(maxsize=1000)
def _config(text: bytes) -> RunConfig:
    """The config that a file describes; kept by its bytes, since whoever lists runs reads the same few dozen again and again."""
    return RunConfig.from_dict(json.loads(text))


class Run:
    """One run's folder. Cheap to make: nothing is read before it is asked for."""

    def __init__(self, path: Path, shipped: bool = False):
        self.path = Path(path)
        self.run_id = self.path.name
        self.shipped = shipped

    def __repr__(self) -> str:
        return f"Run({self.run_id})"

    @property
    def config(self) -> RunConfig:
        """What this run is.

        Raises:
            RunDamaged: config.json is unreadable, or does not hash to the folder's name.
        """
        try:
            config = _config((self.path / CONFIG).read_bytes())
        except FileNotFoundError:
            raise RunNotFound(f"there is no run {self.run_id}.") from None
        except (ValueError, TypeError, OSError, ConfigError) as error:
            raise RunDamaged(f"{self.run_id}: config.json is unreadable ({error}).") from None
        if config.run_id != self.run_id:
            raise RunDamaged(f"{self.run_id}: config.json describes another run ({config.run_id}).")
        return config

    @property
    def complete(self) -> bool:
        """Whether the run finished; says nothing about later damage (see `verify`)."""
        return (self.path / WEIGHTS).exists()

    def status(self) -> Status:
        """Derived from the files alone."""
        if self.complete:
            try:
                self.verify()
                return Status.COMPLETE
            except RunError:
                return Status.DAMAGED
        if not (self.path / CONFIG).exists():
            return Status.ABSENT
        if (self.path / ERROR).exists():
            return Status.FAILED
        if self.last_sign_of_life() is None or time.time() - self.last_sign_of_life() > STALE_SECONDS:
            return Status.STOPPED if (self.path / STOP).exists() else Status.STALE
        return (
            Status.STOPPED if (self.path / STOP).exists() and not (self.path / HEARTBEAT).exists() else Status.RUNNING
        )

    def last_sign_of_life(self) -> float | None:
        """When training last wrote here, in seconds since the epoch; None if it never did."""
        times = [
            (self.path / name).stat().st_mtime for name in (HEARTBEAT, "history.jsonl") if (self.path / name).exists()
        ]
        return max(times, default=None)

    def manifest(self) -> dict[str, str]:
        """File name -> SHA-256.

        Raises:
            RunDamaged: the manifest itself is unreadable.
        """
        try:
            manifest = json.loads((self.path / MANIFEST).read_bytes())
            if not isinstance(manifest, dict) or WEIGHTS not in manifest:
                raise ValueError("no digest of the weights in it")
            return manifest
        except (OSError, ValueError) as error:
            raise RunDamaged(f"{self.run_id}: {MANIFEST} is unreadable ({error}).") from None

    def read(self, name: str) -> bytes:
        """The checked bytes of one file of a complete run.

        Raises:
            RunDamaged: the file is missing or does not match its digest.
        """
        expected = self.manifest().get(name)
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise RunDamaged(f"{self.run_id}: {name} cannot be read ({error.strerror}).") from None
        if expected != sha256(data):
            raise RunDamaged(
                f"{self.run_id}: {name} does not match its digest. Train the run again: `python -m core train --help`."
            )
        return data

    def verify(self) -> None:
        """Check every file of a complete run against the manifest.

        Raises:
            RunDamaged: naming the first file that is wrong.
        """
        _ = self.config
        for name in self.manifest():
            self.read(name)

    def has(self, name: str) -> bool:
        """Whether a complete run carries the file."""
        return (self.path / name).exists()

    def add(self, name: str, data: bytes) -> None:
        """Add or replace one derived file of a complete run (a projection, a scorecard) and its digest."""
        write_bytes(self.path / name, data)
        write_json(self.path / MANIFEST, {**self.manifest(), name: sha256(data)})

    def history(self) -> list[dict[str, Any]]:
        """One row an epoch so far; a line that is still being written is left out."""
        try:
            data = self.read("history.jsonl") if self.complete else (self.path / "history.jsonl").read_bytes()
        except FileNotFoundError:
            return []
        rows = []
        for line in data.splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
        return rows

    def evaluation(self) -> dict[str, Any]:
        """Figures on the test split (see `core.training.evaluation.portfolio`)."""
        return json.loads(self.read("evaluation.json"))

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of one npz file; what is stored in half precision comes back as float32."""
        with np.load(io.BytesIO(self.read(name)), allow_pickle=False) as file:
            return {
                key: file[key].astype(np.float32) if file[key].dtype == np.float16 else file[key] for key in file.files
            }

    def trace(self) -> np.ndarray:
        """Posterior means of the first test images after every epoch, float32 (epochs + 1, n, d)."""
        arrays = self.arrays("trace.npz")
        return arrays["steps"] * arrays["scale"].astype(np.float32)

    def preview(self, epoch: int | None = None) -> bytes | None:
        """PNG sprite of an epoch, or the latest one there is; None if there is none yet. Checked, as every file, once the run is complete."""
        if epoch is None:
            files = sorted((self.path / "previews").glob("epoch-*.png"))
            if not self.complete and (self.path / LIVE).exists():
                files.append(self.path / LIVE)
        else:
            files = [self.path / "previews" / f"epoch-{epoch:03d}.png"]
        try:
            return (
                self.read(f"previews/{files[-1].name}")
                if self.complete and files[-1].exists()
                else files[-1].read_bytes()
            )
        except (IndexError, OSError):
            return None

    def error(self) -> str:
        """Why the run failed, or ""."""
        try:
            return (self.path / ERROR).read_text(errors="replace").strip()
        except OSError:
            return ""

    def rest(self) -> None:
        """Nobody trains this run any more: what tells of the moment goes."""
        for name in (HEARTBEAT, LIVE):
            (self.path / name).unlink(missing_ok=True)

    def request_stop(self) -> None:
        """Ask whoever trains this run, wherever that is, to stop after the batch at hand."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / STOP).touch()

    def dataset(self) -> Dataset:
        """The images this run was trained and measured on, whatever its data set's name stands for now.

        Raises:
            RunNotFound, RunDamaged: there is no readable config.
            DataError: those images cannot be had any more; says what to do.
        """
        from core.data.datasets import load_dataset

        config = self.config
        return load_dataset(config.dataset, config.data_digest, self.path.parent)

    def load_model(self, device: str = "cpu") -> Autoencoder | MultiRate:
        """The trained model in eval mode, its weights frozen.

        Raises:
            RunNotFound: the run is not complete.
            RunDamaged: its weights do not match their digest or do not fit its config.
        """
        from safetensors.torch import load

        from core.models.build import build_model

        config = self.config
        if not self.complete:
            raise RunNotFound(
                f"{self.run_id} is not finished ({self.status()}). Train it first: `python -m core train`."
            )
        try:
            tensors = load(self.read(WEIGHTS))
            model = build_model(config)
            model.load_state_dict({k: v.float() for k, v in tensors.items()})
        except RunError:
            raise
        except Exception as error:
            raise RunDamaged(f"{self.run_id}: the weights do not fit the model ({str(error)[:120]}).") from None
        try:  # a sign of use, for least-recently-used eviction
            if not self.shipped:
                os.utime(self.path / WEIGHTS)
        except OSError:
            pass
        return model.to(device).eval().requires_grad_(False)


class RunStore:
    """Shipped runs (read-only) and new ones (a cache with a size limit).

    Args:
        cache: folder for new runs; the user's cache by default.
        shipped: folder of runs that come with the project.
        limit_bytes: size above which the least recently used finished runs are removed.
    """

    def __init__(self, cache: Path | None = None, shipped: Path | None = None, limit_bytes: int | None = None):
        self.cache = Path(cache) if cache is not None else settings.cache_dir() / "runs"
        self.shipped = Path(shipped) if shipped is not None else settings.SHIPPED
        self.limit_bytes = settings.value("CACHE_MB") * 1_000_000 if limit_bytes is None else limit_bytes

    def run(self, which: str | RunConfig) -> Run:
        """The run with this id or config, whether or not it exists; a whole shipped one is preferred."""
        run_id = which if isinstance(which, str) else which.run_id
        if not run_id or "/" in run_id or "\\" in run_id or run_id.startswith("."):
            raise RunNotFound(f"{run_id!r} is not a run id; `python -m core runs` lists them.")
        shipped = Run(self.shipped / run_id, shipped=True)
        cached = Run(self.cache / run_id)
        if shipped.complete and not (cached.complete and shipped.status() is Status.DAMAGED):
            return shipped
        if isinstance(which, RunConfig) and which.dataset.startswith("folder:") and not cached.path.exists():
            return self._spelled_otherwise(which) or cached
        return cached

    def _spelled_otherwise(self, config: RunConfig) -> Run | None:
        """The finished run that differs from a config only in how its folder's name is written, as earlier versions stored it."""
        from core.data.folder import canonical

        for run in self:
            other = run.config
            same = other.data_digest == config.data_digest and other.replace(dataset=config.dataset) == config
            if same and run.complete and canonical(other.dataset) == canonical(config.dataset):
                return run
        return None

    def get(self, which: str | RunConfig) -> Run:
        """The complete run with this id or config.

        Raises:
            RunNotFound: there is none, or it is not finished.
        """
        run = self.run(which)
        if not run.complete:
            raise RunNotFound(
                f"there is no finished run {run.run_id}; `python -m core runs` lists what there is, `python -m core train` trains one."
            )
        return run

    def __iter__(self) -> Iterator[Run]:
        """Every run with a readable config, shipped ones first, each id once."""
        seen = set()
        for root, shipped in ((self.shipped, True), (self.cache, False)):
            for path in sorted(root.iterdir()) if root.is_dir() else []:
                run = Run(path, shipped)
                if path.name in seen or not (path / CONFIG).exists():
                    continue
                try:
                    _ = run.config
                except RunError:
                    continue
                seen.add(path.name)
                yield run

    def find(self, **fields: Any) -> list[Run]:
        """Finished runs whose config has these values, e.g. find(model="vae", latent_dim=2, seed=0)."""
        return [run for run in self if run.complete and all(getattr(run.config, k) == v for k, v in fields.items())]

    def evict(self, keep: str = "") -> list[str]:
        """Remove the least recently used runs of the cache, finished or abandoned, until it fits; returns their ids.

        Kept images (see `core.data.snapshot`) count, and go with the last run that was trained on them.
        """
        from core.data.snapshot import FOLDER

        runs = (
            [Run(p) for p in self.cache.iterdir() if p.is_dir() and not p.name.startswith(".")]
            if self.cache.is_dir()
            else []
        )
        sizes = {run.run_id: sum(f.stat().st_size for f in run.path.rglob("*") if f.is_file()) for run in runs}
        images = {path.stem: path.stat() for path in (self.cache / FOLDER).glob("*.npz")}
        needed = {run.run_id: _digest(run) for run in runs}
        total, removed = sum(sizes.values()) + sum(at.st_size for at in images.values()), []

        def drop_images() -> None:
            nonlocal total
            for digest in [
                d
                for d, at in images.items()
                if d not in needed.values() and time.time() - at.st_mtime > ORPHANED_SECONDS
            ]:
                (self.cache / FOLDER / f"{digest}.npz").unlink(missing_ok=True)
                total -= images.pop(digest).st_size

        drop_images()
        used = {
            run.run_id: (run.path / WEIGHTS).stat().st_mtime
            if run.complete
            else run.last_sign_of_life() or run.path.stat().st_mtime
            for run in runs
        }
        idle = [
            run
            for run in runs
            if run.run_id != keep and (run.complete or time.time() - used[run.run_id] > ABANDONED_SECONDS)
        ]
        for run in sorted(idle, key=lambda r: used[r.run_id]):
            if total <= self.limit_bytes:
                break
            (run.path / WEIGHTS).unlink(missing_ok=True)  # first: from here on the run is not complete for anyone
            shutil.rmtree(run.path, ignore_errors=True)
            total -= sizes[run.run_id]
            removed.append(run.run_id)
            del needed[run.run_id]
            drop_images()
        return removed


def _digest(run: Run) -> str:
    """The digest of the images a run was trained on; "" where its config cannot be read."""
    try:
        return run.config.data_digest
    except RunError:
        return ""
