"""Where scores are kept, and reading them without torch or images.

A run that has been measured carries a scorecard.json; for a shipped run, which stays as it came, that file lies in the
cache. The standard runs' scores, including those of runs too many to ship, are committed together:

    <run_id>/scorecard.json                                 of a run in the cache
    <cache>/scores/<run_id>.json                            of a shipped run, measured here
    checkpoints/scorecards/<dataset>-d<latent_dim>.json     {"dataset", "latent_dim", "runs": {run_id: {"config", "scores"}}}

Scores name the weights and the judge they were measured with, so that a run trained again is measured again.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import settings
from core.files import write_bytes
from core.runs.store import WEIGHTS, Run, RunError

SCHEMA = 1
FILE = "scorecard.json"


def stamp(run: Run) -> dict[str, Any]:
    """What scores must say to be this run's: the version of the measurements, and whose weights.

    Raises:
        RunDamaged: the run has no readable manifest.
    """
    return {"schema": SCHEMA, "weights": run.manifest()[WEIGHTS][:16]}


def committed_file(dataset: str, latent_dim: int) -> Path:
    """Where the committed scores of a data set and latent size are."""
    return settings.SHIPPED / "scorecards" / f"{dataset}-d{latent_dim}.json"


def committed(dataset: str, latent_dim: int) -> dict[str, dict[str, Any]]:
    """run_id -> {"config", "scores"} of the committed scorecard; {} where there is none, or none that can be read."""
    try:
        return json.loads(committed_file(dataset, latent_dim).read_bytes())["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@functools.lru_cache(maxsize=16)
def _texts(path: Path, changed: int) -> dict[str, str]:
    """run_id -> its scores in a committed file, as JSON. `changed` is when the file was: pages ask for one run after another."""
    runs = json.loads(path.read_bytes())["runs"]
    return {run_id: json.dumps(entry["scores"]) for run_id, entry in runs.items()}


def _committed_scores(dataset: str, latent_dim: int, run_id: str) -> Any:
    """One run's scores in the committed scorecard, the caller's own; None where there are none that can be read."""
    path = committed_file(dataset, latent_dim)
    try:
        return json.loads(_texts(path, path.stat().st_mtime_ns)[run_id])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _beside(run: Run) -> Path:
    """Where a shipped run's own scores are kept."""
    return settings.cache_dir() / "scores" / f"{run.run_id}.json"


def _found(run: Run) -> Iterator[Any]:
    """Everything kept about a run that is JSON, whosever weights it is about."""
    try:
        if run.shipped:
            yield json.loads(_beside(run).read_bytes())
        elif run.has(FILE):
            yield json.loads(run.read(FILE))
    except (OSError, RunError, ValueError):
        pass  # not there or damaged: as if it had not been measured
    yield _committed_scores(run.config.dataset, run.config.latent_dim, run.run_id)


def scores_of(run: Run) -> dict[str, Any]:
    """What has been measured of a finished run, the fullest there is; {} if nothing that is about these weights."""
    try:
        expected = stamp(run)
        good = [s for s in _found(run) if isinstance(s, dict) and expected.items() <= s.items()]
    except (RunError, AttributeError):
        return {}
    return max(good, key=len, default={})


def keep(run: Run, scores: dict[str, Any]) -> None:
    """Write a run's scorecard.json."""
    data = (json.dumps(scores, indent=1, allow_nan=False) + "\n").encode()
    write_bytes(_beside(run), data) if run.shipped else run.add(FILE, data)


def commit(dataset: str, latent_dim: int, runs: dict[str, dict[str, Any]]) -> Path:
    """Write a committed scorecard, a line a run: small, and a change shows which run changed."""
    lines = ",\n".join(f" {json.dumps(run_id)}: {json.dumps(runs[run_id], allow_nan=False)}" for run_id in sorted(runs))
    path = committed_file(dataset, latent_dim)
    write_bytes(
        path, f'{{"dataset": {json.dumps(dataset)}, "latent_dim": {latent_dim}, "runs": {{\n{lines}\n}}}}\n'.encode()
    )
    return path
