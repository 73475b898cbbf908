"""The weight that other VAE code writes for the same beta. All minimise a multiple of D + beta R; the multiples differ.

    theirs = s D' + w k R        D' their distortion summed over the pixels, R the KL summed over the latent dimensions
    s, k                         1 where they sum, 1/P and 1/d where they average over P pixels or d latent dimensions
    w                            the nominal weight: the number written in that code

Dividing by the factor that turns D' into this project's D gives:

    cross-entropy    D' = D                        beta = w k / s
    squared error    D' = 2 sigma^2 D + const      beta = w k / (2 sigma^2 s)      D = -log N(x; ., sigma^2 I)

A common factor (a sum over the batch instead of its mean) changes the step size but not the optimum, and cancels.
Cross-entropy and squared error are different distortions: between them no weight gives the same model
(`Translation.exact`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.config import RunConfig
from core.data.shape import GREY_28

# Standard deviation of this project's Gaussian likelihood: core.models.objectives.GAUSSIAN_SIGMA, whose module imports
# torch. A test compares the two.
SIGMA = 0.1


@dataclass(frozen=True)
class Convention:
    """How a code base writes its loss.

    Attributes:
        id, name: short identifier, and the name that is displayed.
        loss: the line that computes the loss, in the terms of that code.
        error: "bce" (cross-entropy) or "mse" (squared error).
        over_pixels, over_dims: whether the two halves are summed or averaged over their dimensions.
        half: whether the squared error is halved.
        default: the nominal weight that is the default there; None where the code has no such setting.
        source: where the code is published.
    """

    id: str
    name: str
    loss: str
    error: Literal["bce", "mse"]
    over_pixels: Literal["sum", "mean"]
    over_dims: Literal["sum", "mean"] = "sum"
    half: bool = False
    default: float | None = None
    source: str = ""

    def factors(self, pixels: int, latent_dim: int) -> tuple[float, float]:
        """(s, k) of the formula at the top of this module."""
        s = (0.5 if self.half else 1.0) / (pixels if self.over_pixels == "mean" else 1)
        return s, 1.0 / (latent_dim if self.over_dims == "mean" else 1)


CONVENTIONS = (
    Convention(
        "here",
        "This project",
        "D.mean() + beta * R.mean()",
        "bce",
        "sum",
        default=1.0,
        source="core/models/objectives.py",
    ),
    Convention(
        "pytorch",
        "PyTorch's VAE example",
        'BCE(x_hat, x, reduction="sum") + w * KLD.sum()',
        "bce",
        "sum",
        source="https://github.com/pytorch/examples/blob/main/vae/main.py",
    ),
    Convention(
        "keras",
        "Keras' VAE example",
        "mean(sum(bce(x, x_hat), axis=(1, 2))) + w * mean(sum(kl, axis=1))",
        "bce",
        "sum",
        source="https://keras.io/examples/generative/vae/",
    ),
    Convention(
        "pythae-bce",
        'pythae BetaVAE, reconstruction_loss="bce"',
        "(bce.sum(-1) + beta * KLD).mean(0)",
        "bce",
        "sum",
        default=1.0,
        source="https://github.com/clementchadebec/benchmark_VAE",
    ),
    Convention(
        "pythae",
        "pythae BetaVAE, its default",
        "(0.5 * mse.sum(-1) + beta * KLD).mean(0)",
        "mse",
        "sum",
        half=True,
        default=1.0,
        source="https://github.com/clementchadebec/benchmark_VAE",
    ),
    Convention(
        "pytorch-vae",
        "PyTorch-VAE",
        "mse_loss(x_hat, x) + kld_weight * mean(sum(kl, dim=1))",
        "mse",
        "mean",
        default=0.00025,
        source="https://github.com/AntixK/PyTorch-VAE",
    ),
    Convention(
        "means",
        "Both halves averaged",
        "bce.mean() + w * kl.mean()",
        "bce",
        "mean",
        "mean",
        default=1.0,
        source="common in tutorials",
    ),
    Convention(
        "mistake",
        "The classic mistake",
        "bce.mean() + w * kl.sum(1).mean()",
        "bce",
        "mean",
        default=1.0,
        source='common in tutorials; here reduction="mean"',
    ),
)


@dataclass(frozen=True)
class Setting:
    """What a weight's meaning depends on, beside the convention.

    Attributes:
        likelihood: of the model here, one of `core.config.LIKELIHOODS`.
        pixels: numbers per image (height x width x channels).
        latent_dim: size of the code.
        sigma: of a Gaussian likelihood. A learned one is used as if it were fixed at its final value, where the
            gradients of all other weights are the same.
    """

    likelihood: str = "bernoulli"
    pixels: int = GREY_28.pixels
    latent_dim: int = 16
    sigma: float = SIGMA


def comparable(convention: Convention, likelihood: str) -> bool:
    """Whether the code's distortion is that of this likelihood; the translated weight then gives the same optimum."""
    return (convention.error == "bce") == (likelihood == "bernoulli")


def effective(weight: float, convention: Convention, setting: Setting = Setting()) -> float:
    """The beta that a weight written there amounts to: the weight of the rate in D + beta R, both summed, in nats.

    Where the distortions are not comparable, squared error is read as a Gaussian likelihood with sigma = 1, and
    cross-entropy as the Bernoulli likelihood: the weight then puts the same price on a nat of rate, but the models
    differ.
    """
    s, k = convention.factors(setting.pixels, setting.latent_dim)
    if convention.error == "bce":
        return weight * k / s
    sigma = setting.sigma if comparable(convention, setting.likelihood) else 1.0
    return weight * k / (2 * sigma**2 * s)


def nominal(beta: float, convention: Convention, setting: Setting = Setting()) -> float:
    """The inverse of `effective`: the weight to write there for this beta."""
    return beta / effective(1.0, convention, setting)


@dataclass(frozen=True)
class Translation:
    """One row of the table.

    Attributes:
        convention: whose weight it is.
        nominal: the weight to write there for the current beta.
        default_as_beta: the beta that the default weight there amounts to; None where it has no default.
        exact: whether the translated weight gives the same optimum (see `comparable`).
    """

    convention: Convention
    nominal: float
    default_as_beta: float | None
    exact: bool


def translate(beta: float, setting: Setting = Setting()) -> list[Translation]:
    """The weight for `beta` in every convention."""

    def row(convention: Convention) -> Translation:
        if convention.id == "here":
            return Translation(convention, beta, convention.default, exact=True)
        default = convention.default
        return Translation(
            convention,
            nominal(beta, convention, setting),
            None if default is None else effective(default, convention, setting),
            exact=comparable(convention, setting.likelihood),
        )

    return [row(convention) for convention in CONVENTIONS]


def effective_beta(config: RunConfig) -> float | None:
    """The beta a run was trained with: P times the config's where D is averaged over P numbers; None without a beta."""
    if config.beta is None:
        return None
    return config.beta * config.shape.pixels if config.reduction == "mean" else config.beta


def formula(config: RunConfig) -> str:
    """The loss of a run in LaTeX; nats per image."""
    pixels = config.shape.pixels
    if config.likelihood == "bernoulli":
        term = r"-\sum_{p=1}^{%d} \big[x_p \log\, \hat x_p + (1-x_p)\, \log\,(1-\hat x_p)\big]"
    else:
        term = r"\sum_{p=1}^{%d} \Big[\tfrac{(x_p-\hat x_p)^2}{2\sigma^2} + \log\, \sigma\sqrt{2\pi}\Big]"
    error = term % pixels
    if config.reduction == "mean":
        error = rf"\tfrac{{1}}{{{pixels}}}\Big(" + error + r"\Big)"
    if config.model == "ae":
        return r"\mathcal{L} = \underbrace{" + error + r"}_{D}"
    beta = r"\beta" if config.beta is None else f"{config.beta:g}"
    kl = rf"\tfrac12\sum_{{j=1}}^{{{config.latent_dim}}} \big[\mu_j^2 + \sigma_j^2 - 1 - \log\, \sigma_j^2\big]"
    return r"\mathcal{L} = \underbrace{" + error + r"}_{D} + " + beta + r" \cdot \underbrace{" + kl + r"}_{R}"
