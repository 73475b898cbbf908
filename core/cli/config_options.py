"""The fields of `RunConfig` as options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.config import ACTIVATIONS, DEFAULTS, LIKELIHOODS, MODELS, OPTIMISERS, REDUCTIONS, SCHEDULES, TRUNKS, RunConfig
from core.data.sources import DATASETS

# The values are checked by RunConfig, so that the limits are the same for the command line, URLs and code.
CONFIG_OPTIONS = {
    "dataset": f"{', '.join(DATASETS)} or folder:PATH",
    "model": ", ".join(MODELS),
    "latent_dim": "size of the code z, 1 to 64",
    "beta": "weight of the rate (KL), 0.001 to 1000; for model vae",
    "seed": "of weights, batch order and noise",
    "epochs": "passes over the training images",
    "trunk": f"{', '.join(TRUNKS)}; by default conv, and mlp for latent sizes up to 3",
    "activation": ", ".join(ACTIVATIONS),
    "likelihood": ", ".join(LIKELIHOODS),
    "reduction": f"{', '.join(REDUCTIONS)}; mean reproduces a frequent bug; for vae and multirate",
    "warmup_epochs": "epochs over which beta rises from 0; for model vae",
    "free_bits": "nats per latent dimension that are not charged for; for vae and multirate",
    "noise": "standard deviation of noise on the input: a denoising model",
    "held_out_class": "number of a class to leave out",
    "train_size": "use only the first N training images",
    "batch_size": "images per step",
    "learning_rate": "of the optimiser, at the peak of its schedule",
    "schedule": ", ".join(SCHEDULES),
    "optimiser": f"{', '.join(OPTIMISERS)}; muon needs fewer epochs",
    "averaging": "decay of a running mean of the weights, which is then kept; 0 is off",
}
# Placeholders in the help: by name for options with the default None, otherwise by the type of the default.
METAVARS = {"held_out_class": "N", "train_size": "N", "beta": "X"}
METAVARS_BY_TYPE: dict[type, str] = {int: "N", float: "X"}


def add_config_options(parser: argparse.ArgumentParser, leave_out: Sequence[str] = ()) -> None:
    """Add one option for each field of RunConfig, except those in `leave_out`."""
    group = parser.add_argument_group("what to train")
    for name, text in CONFIG_OPTIONS.items():
        if name not in leave_out:
            default = DEFAULTS[name]
            shown = f" (default {default})" if default is not None else " (default 1)" if name == "beta" else ""
            metavar = METAVARS.get(name) or METAVARS_BY_TYPE.get(type(default), "NAME")
            option = "--" + name.replace("_", "-")
            group.add_argument(option, dest=name, metavar=metavar, default=argparse.SUPPRESS, help=f"{text}{shown}")
    group.add_argument(
        "--standard",
        action="store_true",
        help="train as the scorecard's runs on this data set were; other options take precedence",
    )


def config_from(arguments: argparse.Namespace, **fixed: Any) -> RunConfig:
    """The config that the given options describe; `fixed` fields take precedence.

    Raises:
        ConfigError: a value is out of range.
    """
    given = {name: getattr(arguments, name) for name in CONFIG_OPTIONS if hasattr(arguments, name)} | fixed
    if arguments.standard:
        from core.metrics.scorecard import RECIPES  # not needed by the other commands, and slow to import

        given = RECIPES.get(given.get("dataset", ""), {}) | given
    return RunConfig(**given)
