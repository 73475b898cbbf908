"""Files of scores, read and written without torch or images.

A run that has been measured has a scorecard.json in its folder. Shipped runs are never changed, so the scores of a
shipped run are in the cache. The scores of the standard runs, most of which are not shipped, are committed together:

    <run_id>/scorecard.json                                 of a run in the cache
    <cache>/scores/<run_id>.json                            of a shipped run, measured on this machine
    checkpoints/scorecards/<dataset>-d<latent_dim>.json     {"dataset", "latent_dim",
                                                             "runs": {run_id: {"config", "scores"}}}

Scores name the weights and the judge with which they were measured, so that a run that is trained again is measured
again.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import settings
from core.files import write_bytes
from core.runs.run import WEIGHTS, Run, RunError

SCHEMA = 1
FILE = "scorecard.json"


def stamp(run: Run) -> dict[str, Any]:
    """The entries that identify scores as those of a run: the version of the measurements, and the weights' digest.

    Raises:
        RunDamaged: the run has no readable manifest.
    """
    return {"schema": SCHEMA, "weights": run.manifest()[WEIGHTS][:16]}


def committed_file(dataset: str, latent_dim: int) -> Path:
    """Where the committed scores of a data set and latent size are."""
    return settings.SHIPPED / "scorecards" / f"{dataset}-d{latent_dim}.json"


def committed(dataset: str, latent_dim: int) -> dict[str, dict[str, Any]]:
    """run_id -> {"config", "scores"} of the committed scorecard; {} if there is none that can be read."""
    try:
        return json.loads(committed_file(dataset, latent_dim).read_bytes())["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@functools.lru_cache(maxsize=16)
def _texts(path: Path, modified: int) -> dict[str, str]:  # noqa: ARG001 - part of the cache key
    """run_id -> its scores as JSON, from a committed file that was last modified at this time.

    Pages ask for many runs one after another, so the file is parsed once.
    """
    runs = json.loads(path.read_bytes())["runs"]
    return {run_id: json.dumps(entry["scores"]) for run_id, entry in runs.items()}


def _committed_scores(dataset: str, latent_dim: int, run_id: str) -> Any:
    """The scores of a run in the committed scorecard, a new object every time; None if there are none."""
    path = committed_file(dataset, latent_dim)
    try:
        return json.loads(_texts(path, path.stat().st_mtime_ns)[run_id])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _in_cache(run: Run) -> Path:
    """The file with the scores of a shipped run."""
    return settings.cache_dir() / "scores" / f"{run.run_id}.json"


def _found(run: Run) -> Iterator[Any]:
    """All kept scores of a run, including those of earlier weights under the same id."""
    with contextlib.suppress(OSError, RunError, ValueError):  # a missing or damaged file counts as not measured
        if run.shipped:
            yield json.loads(_in_cache(run).read_bytes())
        elif run.has(FILE):
            yield json.loads(run.read(FILE))
    yield _committed_scores(run.config.dataset, run.config.latent_dim, run.run_id)


def scores_of(run: Run) -> dict[str, Any]:
    """The most complete scores of a finished run; {} if there are none for its weights."""
    try:
        expected = stamp(run)
        good = [s for s in _found(run) if isinstance(s, dict) and expected.items() <= s.items()]
    except (RunError, AttributeError):
        return {}
    return max(good, key=len, default={})


def keep(run: Run, scores: dict[str, Any]) -> None:
    """Write a run's scorecard.json."""
    data = (json.dumps(scores, indent=1, allow_nan=False) + "\n").encode()
    if run.shipped:
        write_bytes(_in_cache(run), data)
    else:
        run.add(FILE, data)


def commit(dataset: str, latent_dim: int, runs: dict[str, dict[str, Any]]) -> Path:
    """Write a committed scorecard with one line per run, so that a diff shows which run changed. Returns its path."""
    lines = ",\n".join(f" {json.dumps(run_id)}: {json.dumps(runs[run_id], allow_nan=False)}" for run_id in sorted(runs))
    text = f'{{"dataset": {json.dumps(dataset)}, "latent_dim": {latent_dim}, "runs": {{\n{lines}\n}}}}\n'
    path = committed_file(dataset, latent_dim)
    write_bytes(path, text.encode())
    return path
