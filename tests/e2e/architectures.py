"""The networks that browser tests compare with core: every architecture there is, and images of other shapes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from core.config import ACTIVATIONS, MODELS, TRUNKS


def architectures(likelihoods: Sequence[str] = ("",)) -> dict[str, dict[str, Any]]:
    """Fields of `RunConfig` by name, for grey 28x28 images, each at the latent size it is mostly used with."""
    return {
        "-".join(filter(None, fields)): {
            **dict(zip(("model", "trunk", "activation", "likelihood"), fields, strict=True)),
            "latent_dim": {"conv": 16, "mlp": 2}.get(fields[1], 5),
        }
        for fields in itertools.product(MODELS, TRUNKS, ACTIVATIONS, likelihoods)
    }


def shaped(cases: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, Any]]:
    """The same for every model and each (trunk, data set, likelihood).

    The data sets need not exist: their names say what the images are.
    """
    return {
        f"{model}-{'-'.join(case)}": {
            "model": model,
            **dict(zip(("trunk", "dataset", "likelihood"), case, strict=True)),
            "latent_dim": 8,
        }
        for model, case in itertools.product(MODELS, cases)
    }
