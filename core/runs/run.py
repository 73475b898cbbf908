"""A trained run on disk. Its files are its state: it survives restarts and is the same for every visitor and machine.

    <run_id>/
      config.json              written first
      history.jsonl            one row per epoch, extended during training
      previews/epoch-NNN.png   tiles: two rows of 8 samples from fixed prior codes, one of 8 reconstructions
      trace.npz                codes of 200 test images after every epoch, packed (see `Run.trace`)
      evaluation.json          figures on the whole test split, and how they were measured
      gallery.npz              codes, distortions and rates of test images, pictures for the first view of a page
      density.npz              densities fitted to the codes (see core.latent.sampling)
      projection.npz           2-D coordinates of the codes (see core.latent.run_maps)
      scorecard.json           scores (see core.metrics.records)
      manifest.json            SHA-256 of all files above and of the weights
      weights.safetensors      renamed into place last: the run is complete if it exists
      resume.safetensors       fp32 weights and optimiser state of an unfinished run
      heartbeat, live.png      during training: progress, and a preview of the current state
      error.txt, stop          why training failed; a request to stop

The images of a `folder:` data set are kept with the runs that were trained on them, see `core.data.snapshot`.

No file is a pickle: they are safetensors, JSON, and npz with allow_pickle=False.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import io
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.config import ConfigError, RunConfig
from core.errors import FAILURE, UserFacingError
from core.files import sha256, write_bytes, write_json

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.models.multirate import MultiRate
    from core.models.networks import Autoencoder

# Numbers of test images: with codes in the gallery, with reconstructions there, and in the trace.
GALLERY, PICTURES, TRACED = 1000, 100, 200
PREVIEWED = 8  # test images, one per class, that the preview of every epoch reconstructs; also its tiles per row
SAMPLES = 64  # generated images from each source in the gallery
STALE_SECONDS = 20.0  # an unfinished run that wrote nothing for this long and has no job counts as interrupted
CONFIG, WEIGHTS, MANIFEST, RESUME = "config.json", "weights.safetensors", "manifest.json", "resume.safetensors"
HEARTBEAT, LIVE, ERROR, STOP = "heartbeat", "live.png", "error.txt", "stop"


class RunError(UserFacingError, RuntimeError):
    """A run cannot be used. The message names it and says what to do."""


class RunNotFound(RunError):
    """There is no finished run with this id or config."""


class RunDamaged(RunError):
    """The files of a run do not match their digests. It is never shown; training it again replaces it."""

    exit_code = FAILURE


class Status(enum.StrEnum):
    """The state of a run according to its files."""

    ABSENT = "absent"
    RUNNING = "running"
    STOPPED = "stopped"
    STALE = "stale"
    FAILED = "failed"
    COMPLETE = "complete"
    DAMAGED = "damaged"


@functools.lru_cache(maxsize=1000)
def _config(text: bytes) -> RunConfig:
    """The config in a file with these contents; cached, since listing runs reads the same files again and again."""
    return RunConfig.from_dict(json.loads(text))


class Run:
    """The folder of a run. Nothing is read when it is created.

    Args:
        path: the folder, named after the run's id; it need not exist.
        shipped: whether the run came with the project and must not be changed.
    """

    def __init__(self, path: Path, shipped: bool = False):
        self.path = Path(path)
        self.run_id = self.path.name
        self.shipped = shipped

    def __repr__(self) -> str:
        return f"Run({self.run_id})"

    @property
    def config(self) -> RunConfig:
        """The config of this run.

        Raises:
            RunNotFound: there is no config.json.
            RunDamaged: config.json is unreadable, or describes another run than the folder's name.
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
        """Whether the run finished, without a check for damage (see `verify`)."""
        return (self.path / WEIGHTS).exists()

    def status(self) -> Status:
        """The state of the run according to its files; all files of a complete run are checked."""
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
        stopping = (self.path / STOP).exists()
        last = self.last_sign_of_life()
        if last is None or time.time() - last > STALE_SECONDS:
            return Status.STOPPED if stopping else Status.STALE
        return Status.STOPPED if stopping and not (self.path / HEARTBEAT).exists() else Status.RUNNING

    def last_sign_of_life(self) -> float | None:
        """When training last wrote a file, in seconds since 1970; None if it never did."""
        files = [self.path / HEARTBEAT, self.path / "history.jsonl"]
        return max((file.stat().st_mtime for file in files if file.exists()), default=None)

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
        """The bytes of one file of a complete run, checked against the manifest.

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
        """Whether the run has this file."""
        return (self.path / name).exists()

    def add(self, name: str, data: bytes) -> None:
        """Add or replace a derived file of a complete run (its maps, its scores) and its digest.

        Raises:
            OSError: the folder cannot be written.
        """
        write_bytes(self.path / name, data)
        write_json(self.path / MANIFEST, {**self.manifest(), name: sha256(data)})

    def history(self) -> list[dict[str, Any]]:
        """One row per epoch so far; an incomplete line is left out."""
        try:
            data = self.read("history.jsonl") if self.complete else (self.path / "history.jsonl").read_bytes()
        except FileNotFoundError:
            return []
        rows: list[dict[str, Any]] = []
        for line in data.splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
        return rows

    def evaluation(self) -> dict[str, Any]:
        """Figures on the test split (see `core.training.evaluation.artifacts`)."""
        return json.loads(self.read("evaluation.json"))

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of one npz file; those in half precision are returned as float32."""
        with np.load(io.BytesIO(self.read(name)), allow_pickle=False) as file:
            return {
                key: file[key].astype(np.float32) if file[key].dtype == np.float16 else file[key] for key in file.files
            }

    def trace(self) -> np.ndarray:
        """Posterior means of the first test images after every epoch, float32 (epochs + 1, n, d)."""
        arrays = self.arrays("trace.npz")
        return arrays["steps"] * arrays["scale"].astype(np.float32)

    def preview(self, epoch: int | None = None) -> bytes | None:
        """The preview of an epoch as PNG, by default the latest one; None if there is none.

        Raises:
            RunDamaged: the run is complete and the file does not match its digest.
        """
        if epoch is None:
            files = sorted((self.path / "previews").glob("epoch-*.png"))
            if not self.complete and (self.path / LIVE).exists():
                files.append(self.path / LIVE)
        else:
            files = [self.path / "previews" / f"epoch-{epoch:03d}.png"]
        try:
            if self.complete and files[-1].exists():
                return self.read(f"previews/{files[-1].name}")
            return files[-1].read_bytes()
        except (IndexError, OSError):
            return None

    def error(self) -> str:
        """Why training failed; "" if it did not."""
        try:
            return (self.path / ERROR).read_text(errors="replace").strip()
        except OSError:
            return ""

    def rest(self) -> None:
        """Remove the files that exist only during training."""
        for name in (HEARTBEAT, LIVE):
            (self.path / name).unlink(missing_ok=True)

    def request_stop(self) -> None:
        """Ask the process that trains this run, on whichever machine, to stop after the current batch."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / STOP).touch()

    def dataset(self) -> Dataset:
        """The images that this run was trained and measured on, even if the data set has changed since.

        Raises:
            RunNotFound, RunDamaged: there is no readable config.
            DataError: the images are not available any more; says what to do.
        """
        from core.data.datasets import load_dataset

        config = self.config
        return load_dataset(config.dataset, config.data_digest, self.path.parent)

    def load_model(self, device: str = "cpu") -> Autoencoder | MultiRate:
        """The trained model in eval mode, with frozen weights.

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
        if not self.shipped:
            with contextlib.suppress(OSError):
                os.utime(self.path / WEIGHTS)  # the time of use, for the eviction of runs not used for long
        return model.to(device).eval().requires_grad_(False)
