"""The scorecard: which of the claims hold, at which data set and latent size, on which runs.

Every sentence is a claim (`claims`), decided from scores (`scores`, kept by `records`) by rules (`verdicts`). Reading the
scorecard needs neither torch nor the images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.config import ConfigError, RunConfig
from core.errors import UserFacingError
from core.metrics.claims import CLAIMS
from core.metrics.records import commit, committed, scores_of
from core.metrics.verdicts import Population, Row, close, combine, decide, show
from core.runs.store import Run, RunStore

SETTINGS = (("mnist-5k", 2), ("mnist-5k", 16), ("mnist", 16), ("fashion-mnist", 16))
SEEDS = (0, 1, 2)
NOISE = 0.5  # of the models trained to denoise
FULL = {"epochs": 10, "batch_size": 128}  # how the large data sets are trained: as many steps as pay
RECIPES: dict[str, dict[str, Any]] = {"mnist": FULL, "fashion-mnist": FULL, "kmnist": FULL}

# How far a recomputed figure may be from the committed one: (share of it, absolute). The first that fits the path's end.
TOLERANCES: tuple[tuple[str, float, float], ...] = (
    ("/fd", 0.05, 0.2),
    ("/floor", 0.05, 0.1),
    ("prior_mmd", 0.1, 1e-3),
    ("path_length", 0.02, 0.01),
    ("bytes", 0.02, 0.1),
    ("mse", 0.02, 1e-4),
    ("dimension_use", 0.05, 0.1),
    ("rate_per_dim", 0.02, 0.02),
    ("", 0.02, 0.012),  # most others are shares of 1,000 images
)

ELSEWHERE = "anomalies/other/"  # measured only where another data set's images are on the machine

Progress = Callable[[int, int, str], None]


def standard(model: str, dataset: str, latent_dim: int, seed: int = 0, **changes: Any) -> RunConfig:
    """The config by which the scorecard knows a run of this kind."""
    return RunConfig(
        model=model, dataset=dataset, latent_dim=latent_dim, seed=seed, **RECIPES.get(dataset, {}), **changes
    )


def plan(dataset: str = "mnist-5k", latent_dim: int = 16) -> list[RunConfig]:
    """The runs a whole scorecard rests on: the pair over three seeds, and at mnist-5k, d = 16 the special ones too."""
    pair = [standard(model, dataset, latent_dim, seed) for seed in SEEDS for model in ("ae", "vae")]
    if (dataset, latent_dim) != ("mnist-5k", 16):
        return pair
    betas = [standard("vae", dataset, latent_dim, seed, beta=beta) for seed in SEEDS for beta in (0.1, 10.0)]
    denoisers = [standard(model, dataset, latent_dim, seed, noise=NOISE) for seed in SEEDS for model in ("ae", "vae")]
    held_out = [standard(model, dataset, latent_dim, held_out_class=c) for c in range(10) for model in ("ae", "vae")]
    return pair + betas + denoisers + held_out


def role_of(config: RunConfig) -> tuple[str, Any] | None:
    """What part a run plays in the claims, and which of its kind it is; None if it is not a standard run."""
    if config.model not in ("ae", "vae"):
        return None
    changes: dict[str, Any] = {"noise": config.noise, "held_out_class": config.held_out_class}
    if config.beta is not None:
        changes["beta"] = config.beta
    if config.replace(data_digest="") != standard(
        config.model, config.dataset, config.latent_dim, config.seed, **changes
    ):
        return None
    special = [config.noise == NOISE, config.held_out_class is not None, config.beta not in (None, 1.0)]
    if sum(special) > 1 or config.noise not in (0.0, NOISE):
        return None
    if special[0]:
        return f"{config.model} denoiser", config.seed
    if special[1]:
        return f"{config.model} held-out", f"class {config.held_out_class}, seed {config.seed}"
    return (f"vae beta {config.beta:g}" if special[2] else config.model), config.seed


def population(store: RunStore, dataset: str, latent_dim: int, digest: str = "") -> Population:
    """Scores by role and seed: the committed ones, and those of runs in the store that have been measured.

    Args:
        digest: only runs trained on the images with this digest; by default whatever the data set's name stood for.
    """
    entries = dict(committed(dataset, latent_dim))
    for run in store.find(latent_dim=latent_dim, **({"data_digest": digest} if digest else {"dataset": dataset})):
        scores = scores_of(run)
        if scores:
            entries[run.run_id] = {"config": run.config.to_dict(), "scores": scores}
    result: dict[str, dict[Any, Any]] = {}
    for run_id in sorted(entries):
        try:
            config = RunConfig.from_dict(entries[run_id]["config"])
            role = role_of(config) if digest in ("", config.data_digest) else None
        except (ConfigError, KeyError, TypeError):
            continue  # written by another version: its figures are not comparable
        if role is not None:
            result.setdefault(role[0], {})[role[1]] = entries[run_id]["scores"]
    if "vae" in result:
        result["vae beta 1"] = result["vae"]
    return result


def scorecard(
    store: RunStore | None = None, dataset: str = "mnist-5k", latent_dim: int = 16, digest: str = ""
) -> list[Row]:
    """Every claim with its figures, verdict and condition at one data set and latent size; `digest` as in `population`."""
    people = population(store or RunStore(), dataset, latent_dim, digest)
    return [decide(claim, people) for claim in CLAIMS]


def _places(verdicts: dict[tuple[str, int], str]) -> dict[str, str]:
    """Verdicts by data set and latent size -> by name: "d = 16" where all data sets of that size agree, else one by one."""
    named = {}
    for size in dict.fromkeys(d for _, d in verdicts):
        here = {dataset: verdict for (dataset, d), verdict in verdicts.items() if d == size}
        agree = len(set(here.values())) == 1
        named |= (
            {f"d = {size}": next(iter(here.values()))}
            if agree
            else {f"{dataset} d = {size}": verdict for dataset, verdict in here.items()}
        )
    return named


def overview(store: RunStore | None = None, settings: tuple[tuple[str, int], ...] = SETTINGS) -> list[dict[str, Any]]:
    """Every claim over several data sets and latent sizes: its row at each, and the verdict over all of them.

    Returns:
        dicts with id, sentence, page, rows ({"mnist-5k, d = 2": Row}), verdict, condition.
    """
    store = store or RunStore()
    cards = {f"{dataset}, d = {d}": scorecard(store, dataset, d) for dataset, d in settings}
    result = []
    for i, claim in enumerate(CLAIMS):
        rows = {label: rows[i] for label, rows in cards.items()}
        verdict, condition = combine(
            _places({setting: row.verdict for setting, row in zip(settings, rows.values())}), "at "
        )
        about = {"id": claim.id, "sentence": claim.sentence, "page": claim.page}
        result.append({**about, "rows": rows, "verdict": verdict, "condition": condition})
    return result


def markdown(
    store: RunStore | None = None,
    settings: tuple[tuple[str, int], ...] = SETTINGS,
    shown: tuple[str, int] = SETTINGS[1],
) -> str:
    """The scorecard as the README shows it: a line a claim, the verdict at each setting, the first case's figures at `shown`."""
    labels = [f"{dataset}, d = {d}" for dataset, d in settings]
    figures = f"{shown[0]}, d = {shown[1]}"
    lines = ["| claim | " + " | ".join(labels) + f" | values for {figures} |", "|---" * (len(settings) + 2) + "|"]
    for line in overview(store, settings):
        first = next((case for case in line["rows"][figures].cases if case.left is not None), None)
        cell = "–"
        if first is not None:
            sides = ", ".join(
                f"{side.name} {show(side, first.digits)}" if side.role else f"threshold {side.name}"
                for side in (first.left, first.right)
            )
            cell = (
                (f"{first.whole_label}: " if first.whole_label else "")
                + f"{sides} {first.unit}".rstrip()
                + (" (one seed)" if first.n == 1 else "")
            )
        lines.append(
            f"| {line['sentence']} | " + " | ".join(row.verdict for row in line["rows"].values()) + f" | {cell} |"
        )
    return "\n".join(lines)


def _complete(store: RunStore) -> list[Run]:
    return [run for run in store if run.complete]


def evaluate_all(store: RunStore | None = None, progress: Progress = lambda done, total, what: None) -> dict[str, str]:
    """Measure every finished run that has not been, into its folder; interrupted, the same call goes on from there.

    Returns:
        run_id -> "measured", or why it could not be.
    """
    from core.metrics.scores import score_run

    runs = _complete(store or RunStore())
    outcome = {}
    for i, run in enumerate(runs):
        progress(i, len(runs), run.run_id)
        try:
            score_run(run, on_part=lambda part: progress(i, len(runs), f"{run.run_id}: {part}"))
            outcome[run.run_id] = "measured"
        except UserFacingError as error:
            outcome[run.run_id] = str(error)
    progress(len(runs), len(runs), "")
    return outcome


def reasons(scores: dict[str, Any]) -> dict[str, str]:
    """What could not be measured of a run, "samples" or "latent/knn_accuracy", each with the reason (see `core.metrics.scores`)."""
    found: dict[str, str] = {}
    for part, values in scores.items():
        why = values.get("not_measured") if isinstance(values, dict) else None
        found |= (
            {part: why} if isinstance(why, str) else {f"{part}/{name}": reason for name, reason in (why or {}).items()}
        )
    return found


def publish(store: RunStore | None = None) -> list[Path]:
    """Write the committed scorecards from the measured standard runs; entries of runs that are not here are kept.

    Returns:
        the files written.
    """
    entries: dict[tuple[str, int], dict[str, Any]] = {}
    for run in _complete(store or RunStore()):
        config, scores = run.config, scores_of(run)
        if (
            scores and role_of(config) is not None and not config.dataset.startswith("folder:")
        ):  # nobody else has those images
            key = config.dataset, config.latent_dim
            entries.setdefault(key, dict(committed(*key)))[run.run_id] = {"config": config.to_dict(), "scores": scores}
    return [commit(*key, runs) for key, runs in entries.items()]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure in nested scores with its path, keys joined by "/"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{i}")
    else:
        yield path, value


def differences(scores: dict[str, Any], reference: dict[str, Any]) -> Iterator[str]:
    """What is off by more than its tolerance, a sentence each; parts absent on either side, and a data set not here, are not compared."""
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
    store: RunStore | None = None, progress: Progress = lambda done, total, what: None, only: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Measure every run that has committed figures (or `only` the one with this id) again, from its weights, and compare.

    Runs whose weights or images are not on this machine are passed over.

    Yields:
        of every run compared its id, and a sentence for every figure off by more than its tolerance.
    """
    from core.data.dataset import DataError
    from core.metrics.scores import score_run

    runs = []
    for run in _complete(store or RunStore()):
        entry = committed(run.config.dataset, run.config.latent_dim).get(run.run_id)
        if entry and only in (None, run.run_id):
            runs.append((run, entry["scores"]))
    for i, (run, reference) in enumerate(runs):
        progress(i, len(runs), run.run_id)
        try:
            scores = score_run(run, fresh=True, keep=False)
        except DataError:
            continue
        yield run.run_id, list(differences(scores, reference))
    progress(len(runs), len(runs), "")
