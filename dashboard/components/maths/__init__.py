"""Encoder, posterior, sample, loss: each formula beside the source code that runs, with the current image's values."""

from __future__ import annotations

from typing import Any

from dashboard.components.lanes import Lane
from dashboard.components.scripts import register
from dashboard.components.source import source_of

_mount = register("maths")

# Formula, module, function.
DECODE = ("x̂ = sigmoid(g(z))", "core.models.networks", "Autoencoder.decode_image")
DISTORTION = {
    "bernoulli": ("D = −Σᵢ xᵢ log x̂ᵢ + (1 − xᵢ) log(1 − x̂ᵢ)", "core.models.objectives", "Bernoulli.distortion"),
    "gaussian": ("D = Σᵢ (xᵢ − x̂ᵢ)² / 2s² + log(s √2π)", "core.models.objectives", "Gaussian.distortion"),
    "calibrated": (
        "D = Σᵢ (xᵢ − x̂ᵢ)² / 2s² + log(s √2π), s learned",
        "core.models.objectives",
        "Calibrated.distortion",
    ),
}

# Id, heading, then for the AE and the VAE: formula, module, function.
STEPS = (
    (
        "encode",
        "1. Encode: the only layer that differs",
        ("μ = f(x)", "core.models.networks", "PointHead.forward"),
        ("μ, log σ² = f(x)", "core.models.networks", "GaussianHead.forward"),
    ),
    (
        "draw",
        "2. Sample a code from the posterior",
        ("z = μ,  as q(z|x) = δ(z − μ)", "core.models.posteriors", "Dirac.rsample"),
        ("z = μ + σ ⊙ ε,  ε ~ N(0, I)", "core.models.posteriors", "DiagonalGaussian.rsample"),
    ),
    ("decode", "3. Decode", DECODE, DECODE),
    (
        "distortion",
        "4. Distortion: the cost of the reconstruction",
        DISTORTION["bernoulli"],
        DISTORTION["bernoulli"],
    ),
    (
        "rate",
        "5. Rate: the cost of the code",
        ("R: n/a", "core.models.posteriors", "Dirac.kl"),
        ("R = Σⱼ (μⱼ² + σⱼ² − 1 − log σⱼ²) / 2", "core.models.posteriors", "DiagonalGaussian.kl"),
    ),
    (
        "loss",
        "6. Loss: the training objective",
        ("D", "core.models.objectives", "Terms.loss"),
        ("D + β R", "core.models.objectives", "Terms.loss"),
    ),
)


def steps(likelihood: str = "bernoulli") -> list[dict[str, Any]]:
    """The rows of the table, AE beside VAE, for models trained with one of `core.config.LIKELIHOODS`.

    Raises:
        LookupError: a function named here is no longer in the code.
    """
    rows = []
    for id, title, *cells in STEPS:
        row = []
        for cell in cells:
            formula, module, name = DISTORTION[likelihood] if id == "distortion" else cell
            source = source_of(module, name)
            row.append(
                {"formula": formula, "source": {"file": source.file, "name": source.name, "lines": source.lines}}
            )
        rows.append({"id": id, "title": title, "cells": row})
    return rows


def maths(left: Lane, right: Lane, likelihood: str, topic: str, key: str) -> None:
    """Draw the steps, with the values for the image published under `topic`."""
    _mount(
        key=key, data={"left": left.describe(), "right": right.describe(), "steps": steps(likelihood), "topic": topic}
    )
