"""A visitor's own folder of images: what was read, and what has changed since models were trained on it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

from core.data.dataset import Dataset
from core.data.folder_name import token_of
from dashboard.content.catalog import Pair


def train_command(pair: Pair, latent_dim: int | None = None) -> str:
    """The command that trains the AE of a pair like this one."""
    dataset, size = shlex.quote(pair.dataset), latent_dim or pair.latent_dim
    return f"python -m core train --model ae --dataset {dataset} --latent-dim {size} --seed {pair.seed}"


def how_to_train(pair: Pair, latent_dim: int) -> str:
    """How to get a pair like this one of another latent size; uploaded images can only be trained on from a page."""
    if token_of(pair.dataset):
        return "train one on the page KL weight, under “More”"
    return f"train one with `{train_command(pair, latent_dim)}`, and the same with `--model vae`"


def what_is_measured(pair: Pair, seeds: Sequence[int]) -> str:
    """What the scorecard covers, and how another data set gets into it; uploaded images cannot."""
    if token_of(pair.dataset):
        return "The scorecard covers the data sets that the project comes with."
    return (
        f"The scorecard covers runs with the standard settings; train seeds {', '.join(map(str, seeds))} of both "
        "models and run `python -m core evaluate --all`."
    )


def folder_summary(data: Dataset) -> str:
    """How many images were read from a folder, and in what form."""
    n, classes, skipped = sum(data.counts), len(data.classes), len(data.skipped)
    side, colors = data.shape.side, "colour" if data.shape.color else "grey levels"
    summary = (
        f"{n:,} images in {classes:,} {'class' if classes == 1 else 'classes'}, each of {side}×{side} pixels in "
        f"{colors} for the models."
    )
    if skipped:
        summary += f" {skipped:,} {'file was' if skipped == 1 else 'files were'} skipped."
    return summary


def folder_changed(pair: Pair, data: Dataset, how: str) -> str:
    """A notice that a folder no longer contains what a pair was trained on; `how` is `cache.trained.folder_changed`."""
    n = sum(data.counts)
    day = time.strftime("%d %b %Y", time.localtime(pair.vae.trained)).lstrip("0")
    return (
        f"This folder has changed since these models were trained. All values are for the {n:,} images "
        f"that it contained on {day}; it {how}. To train on its present content: `{train_command(pair)}`, and again "
        "with `--model vae`."
    )
