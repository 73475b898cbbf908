"""The configuration of a run: a frozen value, from which alone the id of the run is computed.

    run_id = readable prefix + first 12 hex digits of SHA-256(canonical JSON of the config)

What is computed is part of the id; where it is computed (device, worker, folder) is not.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

from core.data.form import shape_named
from core.data.shape import GREY_28, Shape
from core.errors import UserFacingError
from core.files import slug
from core.models.trunks import TRUNKS

SCHEMA = 1
# Fields that were added after the first runs: left out of the canonical JSON at these values, so that the ids of those
# runs stay the same.
LATER = {"optimiser": "adam", "averaging": 0.0}

ModelName = Literal["ae", "vae", "multirate"]
MODELS: tuple[ModelName, ...] = ("ae", "vae", "multirate")
ACTIVATIONS = ("silu", "relu")
LIKELIHOODS = ("bernoulli", "gaussian", "calibrated")
# Sprites are drawn on black, and the studies of disentanglement that they are compared with use cross-entropy
# (Locatello et al. 2019).
USUAL_LIKELIHOODS = {"sprites": "bernoulli"}
REDUCTIONS = ("sum", "mean")
SCHEDULES = ("onecycle", "constant", "linear", "gentle")
OPTIMISERS = ("adam", "muon")
# Fields that would change the id of a run but not its weights, by model, with the reason. They are refused.
WITHOUT_EFFECT: dict[ModelName, dict[str, str]] = {
    "ae": dict.fromkeys(("beta", "reduction", "warmup_epochs", "free_bits"), "has no rate to weigh"),
    "vae": {},
    "multirate": dict.fromkeys(("beta", "warmup_epochs"), "is trained for every beta at once"),
}

# The range of betas that a multi-rate model is trained for (log-uniformly) and that the KL-weight page offers.
BETA_RANGE = (0.1, 10.0)
# A latent dimension is active if its mean KL exceeds this, in nats (close to Burda et al. 2016, section 5.2).
ACTIVE_NATS = 0.1
AROUND = 250  # number of codes from which small steps are taken, see core.metrics.paths
# The betas of the shipped grid, approximately evenly spaced in log beta.
BETA_GRID = (0.1, 0.25, 0.4, 0.6, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0)
# The recipe for trainings on request, which favours speed: on mnist-5k with beta = 1 the final -ELBO is about one nat
# per image higher than after the 25 epochs of the shipped runs (measured by `tests.benchmarks.bench_jobs`). Batches of
# 80 need a fifth fewer steps of Muon than the default of 64, with equally good figures.
QUICK: dict[str, Any] = {
    "epochs": 6,
    "batch_size": 80,
    "optimiser": "muon",
    "schedule": "gentle",
    "learning_rate": 1.6e-2,
    "averaging": 0.985,
}
# The fewest optimiser steps of a training on request, and the most epochs that they may take: 6 epochs of few images
# would hardly train the networks, and many more steps overfit.
QUICK_STEPS, FEW_EPOCHS, SMALL_BATCH = 200, 60, 16


def quick(images: int) -> dict[str, Any]:
    """The recipe for trainings on request, on so many training images: `QUICK` unless there are few.

    With few images there are more epochs of smaller batches, about `QUICK_STEPS` steps in all, and the learning rate is
    proportional to the size of a batch (Goyal et al. 2017, section 2.1): at the usual one, two of sixteen trainings
    on 160 emoji diverged.
    """
    usual = QUICK["batch_size"]
    batch = images * QUICK["epochs"] // QUICK_STEPS // SMALL_BATCH * SMALL_BATCH
    batch = min(max(batch, SMALL_BATCH), usual)
    epochs = min(max(math.ceil(QUICK_STEPS * batch / max(images, 1)), QUICK["epochs"]), FEW_EPOCHS)
    rate = QUICK["learning_rate"] * batch / usual
    return {**QUICK, "epochs": epochs, "batch_size": batch, "learning_rate": rate}


# The betas at which a multi-rate model is measured.
BETA_CURVE = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.5, 4.0, 6.0, 8.0, 10.0)


class ConfigError(UserFacingError, ValueError):
    """A setting is out of range. The message names the value, the choices and the remedy."""


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name}={value!r} is not known; choose one of {', '.join(choices)}.")


def _number(name: str, value: Any, low: float, high: float, kind: type[int] | type[float] = float) -> int | float:
    """A value as a number of this kind, so that 4 and 4.0 give the same id.

    Raises:
        ConfigError: it is not a number of this kind, or out of range.
    """
    try:
        number = kind(value)
        if isinstance(value, bool) or not math.isfinite(number) or (kind is int and number != float(value)):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name}={value!r} is not {what}; give one from {low:g} to {high:g}.") from None
    if not low <= number <= high:
        raise ConfigError(f"{name}={number:g} is out of range; give a value from {low:g} to {high:g}.")
    return number


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The complete description of a trained model.

    Attributes:
        dataset: a name in `core.data.sources.DATASETS`, or "folder:PATH".
        data_digest: digest of the images; filled in by `core.data.datasets.resolve`.
        model: "ae" (the posterior is a point), "vae" (a diagonal Gaussian) or "multirate" (a VAE conditioned on log
            beta, trained for all betas in `BETA_RANGE` at once).
        latent_dim: d, 1 to 64.
        trunk: "conv" (strided convolutions), "mlp" (P-400-200 for images of P numbers) or "mlp-400" (P-400). None is
            replaced by the default: conv, except for d <= 3 on 28x28 grey images, where the MLP reconstructs better.
        activation: "silu" or "relu".
        likelihood: "bernoulli" (cross-entropy on grey values), "gaussian" (sigma = 0.1) or "calibrated" (a Gaussian
            with one learned sigma). "" is replaced by the default: that in `USUAL_LIKELIHOODS`, else
            bernoulli for grey images and calibrated for colour.
        beta: weight of the rate in D + beta R, both in nats per image. None for models without a beta.
        reduction: "sum", or "mean" to average the distortion over the pixels but not the rate: a frequent bug, which
            can be examined here. Only for models with a rate.
        warmup_epochs: epochs during which beta rises linearly from 0, once per epoch; 0 for none. Only for "vae".
        free_bits: nats per latent dimension that are not charged for (Kingma et al. 2016, appendix C.8). Only for
            models with a rate.
        noise: standard deviation of Gaussian noise added to the input (not the target): a denoising model. The input
            is clipped to [0, 1], so a black ground becomes grey, sigma / sqrt(2 pi). A model trained on images of
            which most is ground has never seen a black one: its figures on clean images say little.
        held_out_class: a class left out of training, for anomaly detection.
        train_size: number of training images, the first of the fixed split; None for all.
        epochs, batch_size, learning_rate: of the optimiser; the learning rate is the peak of its schedule.
        schedule: "onecycle", "linear" (a short rise, then linearly to 0), "gentle" (to a fifth) or "constant"; see
            `core.training.optimisation`.
        optimiser: "adam", or "muon" for the matrices between layers and Adam for the other parameters.
        averaging: decay per optimiser step of a running mean of the weights, which is then measured and kept; 0 for
            no averaging.
        seed: of the initial weights, the batch order and the sampling noise.
        schema: version of this description.

    Raises:
        ConfigError: a value is out of range, or has no effect on this model.
    """

    dataset: str = "mnist-5k"
    data_digest: str = ""
    model: ModelName = "vae"
    latent_dim: int = 16
    trunk: str | None = None
    activation: str = "silu"
    likelihood: str = ""
    beta: float | None = None
    reduction: str = "sum"
    warmup_epochs: int = 0
    free_bits: float = 0.0
    noise: float = 0.0
    held_out_class: int | None = None
    train_size: int | None = None
    epochs: int = 25
    batch_size: int = 64
    learning_rate: float = 3e-3
    schedule: str = "onecycle"
    optimiser: str = "adam"
    averaging: float = 0.0
    seed: int = 0
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)  # normalising the values of a frozen dataclass

        dataset: Any = self.dataset  # from a file, a value can be of any type
        if not isinstance(dataset, str) or not dataset:
            raise ConfigError(f"dataset={dataset!r} is not a name; see `python -m core train --help`.")
        _check_choice("model", self.model, MODELS)
        put("latent_dim", _number("latent_dim", self.latent_dim, 1, 64, int))
        if self.trunk is None:
            put("trunk", "mlp" if self.latent_dim <= 3 and self.shape == GREY_28 else "conv")
        _check_choice("trunk", self.trunk, tuple(TRUNKS))
        _check_choice("activation", self.activation, ACTIVATIONS)
        if self.likelihood == "":
            put("likelihood", USUAL_LIKELIHOODS.get(self.dataset, "calibrated" if self.shape.color else "bernoulli"))
        _check_choice("likelihood", self.likelihood, LIKELIHOODS)
        _check_choice("reduction", self.reduction, REDUCTIONS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        _check_choice("optimiser", self.optimiser, OPTIMISERS)
        if self.model == "vae":
            put("beta", _number("beta", 1.0 if self.beta is None else self.beta, 0.001, 1000))
        put("warmup_epochs", _number("warmup_epochs", self.warmup_epochs, 0, 1000, int))
        put("free_bits", _number("free_bits", self.free_bits, 0, 10))
        put("noise", _number("noise", self.noise, 0, 2))
        if self.held_out_class is not None:
            put("held_out_class", _number("held_out_class", self.held_out_class, 0, 999, int))
        if self.train_size is not None:
            put("train_size", _number("train_size", self.train_size, 1, 10_000_000, int))
        put("epochs", _number("epochs", self.epochs, 1, 1000, int))
        put("batch_size", _number("batch_size", self.batch_size, 1, 65536, int))
        put("learning_rate", _number("learning_rate", self.learning_rate, 1e-6, 1.0))
        put("averaging", _number("averaging", self.averaging, 0, 0.9999))
        put("seed", _number("seed", self.seed, 0, 2**31 - 1, int))
        if self.warmup_epochs == 1:
            raise ConfigError(
                "warmup_epochs=1 does nothing: beta rises from epoch to epoch. Give 0 for none, or 2 and more."
            )
        for name, why in WITHOUT_EFFECT[self.model].items():
            value = getattr(self, name)
            if value != DEFAULTS[name]:
                raise ConfigError(
                    f"{name}={value!r} does not apply: model {self.model!r} {why}. "
                    f"Leave {name} out, or use model 'vae'."
                )
        if self.schema != SCHEMA:
            raise ConfigError(
                f"schema={self.schema!r} was written by another version; this one reads schema {SCHEMA}. "
                "Train the run again."
            )

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with `changes`.

        With another latent size, a default trunk is chosen anew, and with another data set a default likelihood. With
        another model, fields that have no effect on it are reset to their defaults.
        """
        if "dataset" in changes and "likelihood" not in changes and self == dataclasses.replace(self, likelihood=""):
            changes["likelihood"] = ""
        if "latent_dim" in changes and "trunk" not in changes and self == dataclasses.replace(self, trunk=None):
            changes["trunk"] = None
        if changes.get("model", self.model) != self.model:
            for name in WITHOUT_EFFECT.get(changes["model"], ()):
                changes.setdefault(name, DEFAULTS[name])
        return dataclasses.replace(self, **changes)

    @property
    def shape(self) -> Shape:
        """The shape of the images, which follows from the name of the data set."""
        return shape_named(self.dataset)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, as JSON values; `from_dict` is the inverse."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Canonical JSON: sorted keys and no spaces, so that equal configs have equal texts."""
        values = {name: value for name, value in self.to_dict().items() if name not in LATER or value != LATER[name]}
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunConfig:
        """The config of a dictionary that `to_dict` returned.

        Raises:
            ConfigError: a key is unknown or a value out of range.
        """
        names = [f.name for f in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise ConfigError(f"unknown setting {unknown[0]!r}; known are {', '.join(names)}.")
        return cls(**values)

    @functools.cached_property
    def run_id(self) -> str:
        """Readable, unique name of the run, which can be used as a folder name and in a URL."""
        digest = hashlib.sha256(self.to_json().encode()).hexdigest()[:12]
        beta = f"-b{self.beta:g}" if self.beta is not None else ""
        mean = "-mean" if self.reduction == "mean" else ""
        noise = f"-noise{self.noise:g}" if self.noise else ""
        without = f"-without{self.held_out_class}" if self.held_out_class is not None else ""
        model = f"{self.model}-{slug(self.dataset, 24)}-d{self.latent_dim}"
        return f"{model}{beta}{mean}{noise}{without}-s{self.seed}-{digest}"


DEFAULTS: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(RunConfig)}
