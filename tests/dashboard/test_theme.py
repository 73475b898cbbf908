"""The class palette keeps what its docstring promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dashboard.plots import theme

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(color: str) -> np.ndarray:
    c = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def oklab(color: str, vision: str = "normal") -> np.ndarray:
    return np.cbrt(np.clip(VISION[vision] @ linear(color), 0, 1) @ TO_LMS.T) @ TO_LAB.T


def contrast(color: str, background: str) -> float:
    a, b = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (color, background))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_classes_can_be_told_apart(vision):
    nearest = min(
        np.linalg.norm(oklab(a, vision) - oklab(b, vision)) for a, b in itertools.combinations(theme.CLASSES, 2)
    )
    assert nearest > 0.09


@pytest.mark.parametrize("dark", [False, True])
def test_the_models_can_be_told_apart_and_read(dark):
    ae, vae = theme.color("ae", dark), theme.color("vae", dark)
    background = "#171614" if dark else "#FFFFFF"
    for vision in VISION:
        assert np.linalg.norm(oklab(ae, vision) - oklab(vae, vision)) > 0.15
    assert min(contrast(ae, background), contrast(vae, background)) > 3


def test_classes_stand_out_on_both_themes_and_are_not_the_models():
    for color in theme.CLASSES:
        assert contrast(color, "#FFFFFF") >= 1.75 and contrast(color, "#0E1117") >= 2.5
        assert color not in (theme.AE, theme.VAE, theme.AE_DARK, theme.VAE_DARK)
    assert len(set(theme.CLASSES)) == 10
