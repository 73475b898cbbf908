"""Measuring all runs for the scorecard: keep, publish and check their scores.

`evaluate_all` measures what has not been measured, `publish` writes the committed scorecards, `check` measures again
and compares with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import UserFacingError
from core.metrics.records import commit, committed, scores_of
from core.metrics.scorecard import role_of
from core.metrics.verdicts import close
from core.runs.run import Run
from core.runs.store import RunStore

# By a part of a figure's path, how far a recomputed figure may be from the committed one: as a fraction of it, and
# absolute. The first that matches applies.
TOLERANCES: tuple[tuple[str, float, float], ...] = (
    ("/fd", 0.05, 0.2),
    ("/floor", 0.05, 0.1),
    ("prior_mmd", 0.1, 1e-3),
    ("path_length", 0.02, 0.01),
    ("bytes", 0.02, 0.1),
    ("mse", 0.02, 1e-4),
    ("dimension_use", 0.05, 0.1),
    ("rate_per_dim", 0.02, 0.02),
    ("", 0.02, 0.012),  # most others are fractions of 1,000 images
)

ELSEWHERE = "anomalies/other/"  # measured only if the images of another data set are on the machine

Progress = Callable[[int, int, str], object]  # called with the runs done, the number of runs, and what is next


def _complete(store: RunStore) -> list[Run]:
    return [run for run in store if run.complete]


def evaluate_all(
    store: RunStore | None = None,
    progress: Progress | None = None,
    measure: Callable[..., object] | None = None,
) -> dict[str, str]:
    """Measure every finished run that has not been measured; after an interruption, the next call continues.

    Args:
        store: the runs.
        progress: called before each run and each part.
        measure: measures one run; by default `core.metrics.scores.score_run`.

    Returns:
        run_id -> "measured", or the reason why the run could not be measured.
    """
    from core.metrics.scores import score_run

    measure = measure or score_run
    runs = _complete(store or RunStore())
    outcome: dict[str, str] = {}

    def report(done: int, what: str) -> None:
        if progress is not None:
            progress(done, len(runs), what)

    def report_part(part: str) -> None:
        report(len(outcome), f"{runs[len(outcome)].run_id}: {part}")

    for i, run in enumerate(runs):
        report(i, run.run_id)
        try:
            measure(run, on_part=report_part)
            outcome[run.run_id] = "measured"
        except UserFacingError as error:
            outcome[run.run_id] = str(error)
    report(len(runs), "")
    return outcome


def publish(store: RunStore | None = None) -> list[Path]:
    """Write the committed scorecards from the measured standard runs; entries of other runs are kept.

    Runs on folders of images are left out: others do not have those images.

    Returns:
        the files written.
    """
    entries: dict[tuple[str, int], dict[str, Any]] = {}
    for run in _complete(store or RunStore()):
        config, scores = run.config, scores_of(run)
        if scores and role_of(config) is not None and not config.dataset.startswith("folder:"):
            key = config.dataset, config.latent_dim
            entries.setdefault(key, dict(committed(*key)))[run.run_id] = {"config": config.to_dict(), "scores": scores}
    return [commit(*key, runs) for key, runs in entries.items()]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure in nested scores with its path, the keys joined by "/"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{i}")
    else:
        yield path, value


def differences(scores: dict[str, Any], reference: dict[str, Any]) -> Iterator[str]:
    """A sentence for each figure that differs from the reference by more than its tolerance.

    Parts that one of the two lacks are not compared, nor are anomalies of a data set that is not on this machine.
    """
    found = dict(leaves(scores))
    for path, expected in leaves(reference):
        if path.partition("/")[0] not in scores or path in ("weights", "judge", "schema"):
            continue
        if path.startswith(ELSEWHERE) and not any(p.startswith(ELSEWHERE) for p in found):
            continue
        relative, absolute = next((r, a) for end, r, a in TOLERANCES if end in path)
        value = found.get(path)
        if isinstance(expected, (int, float)) and isinstance(value, (int, float)):
            if not close(value, expected, relative, absolute):
                yield f"{path} is {value:g}, committed {expected:g} (tolerance {relative:.0%} or {absolute:g})"
        elif value != expected:
            yield f"{path} is {value!r}, committed {expected!r}"


def check(
    store: RunStore | None = None, progress: Progress | None = None, only: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Measure runs with committed figures again, from their weights, and compare.

    Runs whose weights or images are not on this machine are skipped.

    Args:
        store: the runs.
        progress: called before each run.
        only: the id of the only run to check; by default all are checked.

    Yields:
        the id of each compared run, and a sentence for every figure that differs by more than its tolerance.
    """
    from core.data.dataset import DataError
    from core.metrics.scores import score_run

    runs: list[tuple[Run, dict[str, Any]]] = []
    for run in _complete(store or RunStore()):
        entry = committed(run.config.dataset, run.config.latent_dim).get(run.run_id)
        if entry and only in (None, run.run_id):
            runs.append((run, entry["scores"]))
    for i, (run, reference) in enumerate(runs):
        if progress is not None:
            progress(i, len(runs), run.run_id)
        try:
            scores = score_run(run, fresh=True, keep=False)
        except DataError:
            continue
        yield run.run_id, list(differences(scores, reference))
    if progress is not None:
        progress(len(runs), len(runs), "")
