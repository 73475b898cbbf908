"""Where scores are kept, and reading them without torch or images.

A run that has been measured carries a scorecard.json. The standard runs' scores, including those of runs too many to
ship, are committed together:

    checkpoints/scorecards/<dataset>-d<latent_dim>.json     {"dataset", "latent_dim", "runs": {run_id: {"config", "scores"}}}

Scores name the weights and the judge they were measured with, so that a run trained again is measured again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core import settings
from core.runs import WEIGHTS, Run, RunError, write_bytes

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


def scores_of(run: Run) -> dict[str, Any]:
    """What has been measured of a finished run: beside it, else committed; {} if nothing that is about these weights."""
    try:
        expected = stamp(run)
        if run.has(FILE):
            scores = json.loads(run.read(FILE))
            if expected.items() <= scores.items():
                return scores
        config = run.config
        scores = committed(config.dataset, config.latent_dim).get(run.run_id, {}).get("scores", {})
    except (RunError, ValueError, AttributeError):
        return {}
    return scores if expected.items() <= scores.items() else {}


def keep(run: Run, scores: dict[str, Any]) -> None:
    """Write a run's scorecard.json."""
    run.add(FILE, (json.dumps(scores, indent=1, allow_nan=False) + "\n").encode())


def commit(dataset: str, latent_dim: int, runs: dict[str, dict[str, Any]]) -> Path:
    """Write a committed scorecard, a line a run: small, and a change shows which run changed."""
    lines = ",\n".join(f" {json.dumps(run_id)}: {json.dumps(runs[run_id], allow_nan=False)}" for run_id in sorted(runs))
    path = committed_file(dataset, latent_dim)
    write_bytes(path, f'{{"dataset": {json.dumps(dataset)}, "latent_dim": {latent_dim}, "runs": {{\n{lines}\n}}}}\n'.encode())
    return path
