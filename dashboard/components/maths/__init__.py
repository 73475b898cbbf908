"""Encoder, posterior, sample, loss: each formula beside the source lines that run, with the current image's values."""

from __future__ import annotations

from typing import Any

from dashboard.components.lanes import Lane
from dashboard.components.scripts import register
from dashboard.components.source import source_of

_mount = register("maths")

BERNOULLI = "D = −Σᵢ xᵢ log x̂ᵢ + (1 − xᵢ) log(1 − x̂ᵢ)"
GAUSSIAN = "D = Σᵢ (xᵢ − x̂ᵢ)² / 2s² + log(s √2π)"

# id, heading, then for the AE and the VAE: formula, module, function
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
    ("decode", "3. Decode", *(2 * (("x̂ = sigmoid(g(z))", "core.models.networks", "Autoencoder.decode_image"),))),
    (
        "distortion",
        "4. Distortion: the cost of the reconstruction",
        *(2 * ((BERNOULLI, "core.models.objectives", "Bernoulli.distortion"),)),
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
    """What is written beside each other, for models trained with a likelihood.

    Raises:
        LookupError: a function named here is no longer in the code.
    """
    rows = []
    for id, title, *cells in STEPS:
        row = []
        for formula, module, name in cells:
            if id == "distortion" and likelihood == "gaussian":
                formula, name = GAUSSIAN, "Gaussian.distortion"
            source = source_of(module, name)
            row.append(
                {"formula": formula, "source": {"file": source.file, "name": source.name, "lines": source.lines}}
            )
        rows.append({"id": id, "title": title, "cells": row})
    return rows


def maths(left: Lane, right: Lane, likelihood: str, topic: str, key: str) -> None:
    """Draw the steps; the numbers are those of the image published under `topic`."""
    _mount(
        key=key, data={"left": left.describe(), "right": right.describe(), "steps": steps(likelihood), "topic": topic}
    )
