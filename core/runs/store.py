"""The run store: shipped runs and those in the user's cache, found by id, by config or by settings; eviction."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig
from core.runs.run import CONFIG, WEIGHTS, Run, RunError, RunNotFound, Status

ABANDONED_SECONDS = 900.0  # an unfinished run that wrote nothing for this long may be evicted, with its saved epochs
# Kept images that no run needs are removed after this long; a run that has just begun may need newer ones.
ORPHANED_SECONDS = 900.0
SETTLED_SECONDS = 2.0  # a folder that was changed longer ago has another time after the next change


@dataclass(frozen=True)
class _Folder:
    """A run's folder as it was seen; `stamp`: when it and its config were changed, in ns, and the config's bytes."""

    stamp: tuple[int, int, int]
    run: Run
    config: RunConfig
    complete: bool


class RunStore:
    """Shipped runs (read-only) and new runs (in a cache with a size limit).

    Args:
        cache: folder of new runs; by default in the user's cache.
        shipped: folder of the runs that come with the project.
        limit_bytes: size of the cache above which the least recently used runs are removed; by default the setting
            CACHE_MB.
    """

    def __init__(self, cache: Path | None = None, shipped: Path | None = None, limit_bytes: int | None = None):
        self.cache = Path(cache) if cache is not None else settings.cache_dir() / "runs"
        self.shipped = Path(shipped) if shipped is not None else settings.SHIPPED
        self.limit_bytes = settings.value("CACHE_MB") * 1_000_000 if limit_bytes is None else limit_bytes
        self._looked_at: dict[str, _Folder] = {}

    def run(self, which: str | RunConfig) -> Run:
        """The run with this id or config, whether or not it exists. An intact shipped run takes precedence.

        Raises:
            RunNotFound: this cannot be the id of a run.
        """
        run_id = which if isinstance(which, str) else which.run_id
        if not run_id or "/" in run_id or "\\" in run_id or run_id.startswith("."):
            raise RunNotFound(f"{run_id!r} is not a run id; `python -m core runs` lists them.")
        shipped = Run(self.shipped / run_id, shipped=True)
        cached = Run(self.cache / run_id)
        if shipped.complete and not (cached.complete and shipped.status() is Status.DAMAGED):
            return shipped
        if isinstance(which, RunConfig) and which.dataset.startswith("folder:") and not cached.path.exists():
            return self._same_folder(which) or cached
        return cached

    def _same_folder(self, config: RunConfig) -> Run | None:
        """The finished run whose config differs only in the spelling of its folder, as earlier versions stored it."""
        from core.data.folder_name import canonical

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
                f"there is no finished run {run.run_id}; "
                "`python -m core runs` lists what there is, `python -m core train` trains one."
            )
        return run

    def __iter__(self) -> Iterator[Run]:
        """All runs with a readable config, shipped runs first, each id once."""
        seen: set[str] = set()
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

    def finished(self) -> list[tuple[Run, RunConfig]]:
        """The finished runs of `__iter__` with their configs; only folders that have changed are read again.

        For pages, which ask several times each: two calls of the system for a folder that has not changed.
        """
        found: dict[str, _Folder] = {}
        by_id: dict[str, _Folder] = {}
        for root, shipped in ((self.shipped, True), (self.cache, False)):
            for name in sorted(os.listdir(root)) if root.is_dir() else []:
                if (folder := self._looked_at_now(os.path.join(root, name), shipped)) is not None:
                    found[str(folder.run.path)] = folder
                    by_id.setdefault(name, folder)
        # A folder that was changed just now may change once more without another time in the file system.
        settled = 1e9 * (time.time() - SETTLED_SECONDS)
        self._looked_at = {path: folder for path, folder in found.items() if max(folder.stamp[:2]) < settled}
        return [(folder.run, folder.config) for folder in by_id.values() if folder.complete]

    def _looked_at_now(self, path: str, shipped: bool) -> _Folder | None:
        """What a folder holds; None if it is not the folder of a run with a readable config."""
        try:
            config = os.stat(os.path.join(path, CONFIG))
            stamp = (os.stat(path).st_mtime_ns, config.st_mtime_ns, config.st_size)
            if (known := self._looked_at.get(path)) is not None and known.stamp == stamp:
                return known
            run = Run(Path(path), shipped)
            return _Folder(stamp, run, run.config, run.complete)
        except (OSError, RunError):
            return None

    def find(self, **fields: Any) -> list[Run]:
        """The finished runs whose config has these values, e.g. find(model="vae", latent_dim=2, seed=0)."""
        return [run for run in self if run.complete and all(getattr(run.config, k) == v for k, v in fields.items())]

    def evict(self, keep: str = "") -> list[str]:
        """Remove runs of the cache, the least recently used ones first, until it fits its limit.

        Only finished and abandoned runs are removed. Kept images (see `core.data.snapshot`) count, and are removed with
        the last run that was trained on them.

        Args:
            keep: id of a run that must not be removed.

        Returns:
            the ids of the removed runs.
        """
        from core.data.snapshot import FOLDER

        folders = self.cache.iterdir() if self.cache.is_dir() else []
        runs = [Run(path) for path in folders if path.is_dir() and not path.name.startswith(".")]
        sizes = {run.run_id: _size(run.path) for run in runs}
        needed = {run.run_id: _digest(run) for run in runs}
        images = {path.stem: path.stat() for path in (self.cache / FOLDER).glob("*.npz")}
        total = sum(sizes.values()) + sum(status.st_size for status in images.values())

        def remove_unneeded_images() -> int:
            """Returns their size in bytes."""
            old = time.time() - ORPHANED_SECONDS
            unneeded = [name for name, at in images.items() if name not in needed.values() and at.st_mtime < old]
            for name in unneeded:
                (self.cache / FOLDER / f"{name}.npz").unlink(missing_ok=True)
            return sum(images.pop(name).st_size for name in unneeded)

        total -= remove_unneeded_images()
        used = {run.run_id: _last_used(run) for run in runs}
        abandoned = time.time() - ABANDONED_SECONDS
        removable = [run for run in runs if run.run_id != keep and (run.complete or used[run.run_id] < abandoned)]
        removed: list[str] = []
        for run in sorted(removable, key=lambda run: used[run.run_id]):
            if total <= self.limit_bytes:
                break
            (run.path / WEIGHTS).unlink(missing_ok=True)  # first, so that the run no longer counts as complete
            shutil.rmtree(run.path, ignore_errors=True)
            removed.append(run.run_id)
            del needed[run.run_id]
            total -= sizes[run.run_id] + remove_unneeded_images()
        return removed


def _size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _last_used(run: Run) -> float:
    """When a run was last loaded (if complete) or last written, in seconds since 1970."""
    if run.complete:
        return (run.path / WEIGHTS).stat().st_mtime
    return run.last_sign_of_life() or run.path.stat().st_mtime


def _digest(run: Run) -> str:
    """The digest of the images that a run was trained on; "" if its config cannot be read."""
    try:
        return run.config.data_digest
    except RunError:
        return ""
