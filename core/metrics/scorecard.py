"""The scorecard: which of the claims hold, for which data set and latent size, according to which runs.

Claims (`claims`) are decided from scores (`scores`, kept by `records`) by rules (`verdicts`). Reading the scorecard
needs neither torch nor the images.
"""

from __future__ import annotations

from typing import Any

from core.config import QUICK, ConfigError, ModelName, RunConfig
from core.metrics.claims import CLAIMS
from core.metrics.records import committed, scores_of
from core.metrics.verdicts import Population, Row, combine, decide, show
from core.runs.store import RunStore

SETTINGS = (("mnist-5k", 2), ("mnist-5k", 16), ("mnist", 16), ("fashion-mnist", 16), ("emoji", 32), ("sprites", 10))
SEEDS = (0, 1, 2)
NOISE = 0.5  # of the models trained to denoise
FULL = {"epochs": 10, "batch_size": 128}  # for the large data sets, where more steps improve little
# With a learned sigma, more epochs on 2,808 emoji fit sigma to the training images, and the bound on others is worse.
RECIPES: dict[str, dict[str, Any]] = {
    "mnist": FULL,
    "fashion-mnist": FULL,
    "kmnist": FULL,
    "cifar10": FULL,
    "svhn": FULL,
    "celeba": FULL,
    "emoji": {**QUICK, "epochs": 8},
    "sprites": {**QUICK, "epochs": 20},
}


def standard(model: ModelName, dataset: str, latent_dim: int, seed: int = 0, **changes: Any) -> RunConfig:
    """The config of a standard run: the recipe of its data set, and `changes`."""
    return RunConfig(
        model=model, dataset=dataset, latent_dim=latent_dim, seed=seed, **RECIPES.get(dataset, {}), **changes
    )


def role_of(config: RunConfig) -> tuple[str, Any] | None:
    """The role of a run in the claims, and its seed (or class and seed); None if it is not a standard run.

    Roles are "ae", "vae", "vae beta 10", "ae denoiser", "vae held-out" and so on.
    """
    if config.model not in ("ae", "vae"):
        return None
    changes: dict[str, Any] = {"noise": config.noise, "held_out_class": config.held_out_class}
    if config.beta is not None:
        changes["beta"] = config.beta
    expected = standard(config.model, config.dataset, config.latent_dim, config.seed, **changes)
    if config.replace(data_digest="") != expected:
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
    """Scores by role and seed: the committed ones, and those of measured runs in the store.

    Args:
        store: the runs.
        dataset: name of the data set.
        latent_dim: of the runs.
        digest: only runs that were trained on the images with this digest; by default all runs of the data set's name.
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
            continue  # written by another version, whose figures are not comparable
        if role is not None:
            result.setdefault(role[0], {})[role[1]] = entries[run_id]["scores"]
    if "vae" in result:
        result["vae beta 1"] = result["vae"]
    return result


def scorecard(
    store: RunStore | None = None, dataset: str = "mnist-5k", latent_dim: int = 16, digest: str = ""
) -> list[Row]:
    """Every claim with its figures, verdict and condition; the arguments are those of `population`."""
    scores = population(store or RunStore(), dataset, latent_dim, digest)
    return [decide(claim, scores) for claim in CLAIMS]


def _named(verdicts: dict[tuple[str, int], str]) -> dict[str, str]:
    """Verdicts by data set and latent size, under names: "d = 16" if all data sets agree there, else one for each."""
    named: dict[str, str] = {}
    for size in dict.fromkeys(d for _, d in verdicts):
        here = {dataset: verdict for (dataset, d), verdict in verdicts.items() if d == size}
        if len(set(here.values())) == 1:
            named[f"d = {size}"] = next(iter(here.values()))
        else:
            named |= {f"{dataset} d = {size}": verdict for dataset, verdict in here.items()}
    return named


def overview(store: RunStore | None = None, settings: tuple[tuple[str, int], ...] = SETTINGS) -> list[dict[str, Any]]:
    """Every claim for several data sets and latent sizes, and the verdict over all of them.

    Returns:
        dicts with id, sentence, page, rows ({"mnist-5k, d = 2": Row}), verdict, condition.
    """
    store = store or RunStore()
    cards = [scorecard(store, dataset, d) for dataset, d in settings]
    result: list[dict[str, Any]] = []
    for claim, rows in zip(CLAIMS, zip(*cards, strict=True), strict=True):
        verdicts = {setting: row.verdict for setting, row in zip(settings, rows, strict=True)}
        verdict, condition = combine(_named(verdicts), "at ")
        result.append(
            {
                "id": claim.id,
                "sentence": claim.sentence,
                "page": claim.page,
                "rows": {f"{dataset}, d = {d}": row for (dataset, d), row in zip(settings, rows, strict=True)},
                "verdict": verdict,
                "condition": condition,
            }
        )
    return result


def _figures(row: Row) -> str:
    """The figures of the first measured case of a claim, in words; "–" if there is none."""
    first = next((case for case in row.cases if case.left is not None), None)
    if first is None:
        return "–"
    sides = [side for side in (first.left, first.right) if side is not None]
    texts = [f"{side.name} {show(side, first.digits)}" if side.role else f"threshold {side.name}" for side in sides]
    label = f"{first.whole_label}: " if first.whole_label else ""
    seeds = " (one seed)" if first.n == 1 else ""
    return f"{label}{', '.join(texts)} {first.unit}".rstrip() + seeds


def markdown(
    store: RunStore | None = None,
    settings: tuple[tuple[str, int], ...] = SETTINGS,
    shown: tuple[str, int] = SETTINGS[1],
) -> str:
    """The scorecard as a table for the README.

    Args:
        store: the runs.
        settings: data set and latent size of each column of verdicts.
        shown: the setting whose figures are in the last column.

    Returns:
        one row per claim: the claim, its verdict for each setting, the figures of its first case for `shown`.
    """
    labels = [f"{dataset}, d = {d}" for dataset, d in settings]
    last = f"{shown[0]}, d = {shown[1]}"
    lines = [f"| claim | {' | '.join(labels)} | values for {last} |", "|---" * (len(settings) + 2) + "|"]
    for line in overview(store, settings):
        rows: dict[str, Row] = line["rows"]
        verdicts = " | ".join(row.verdict for row in rows.values())
        lines.append(f"| {line['sentence']} | {verdicts} | {_figures(rows[last])} |")
    return "\n".join(lines)


def reasons(scores: dict[str, Any]) -> dict[str, str]:
    """The reasons why parts of a run ("samples") or figures ("latent/knn_accuracy") could not be measured, by name."""
    found: dict[str, str] = {}
    for part, values in scores.items():
        why = values.get("not_measured") if isinstance(values, dict) else None
        if isinstance(why, str):
            found[part] = why
        elif why:
            found |= {f"{part}/{name}": reason for name, reason in why.items()}
    return found
