"""Denoising: models trained with and without noise, compared with a median filter and PCA."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.folder_name import token_of
from core.metrics.scorecard import NOISE
from dashboard import cache
from dashboard.components.chart import chart, drawn
from dashboard.content import catalog
from dashboard.content.folders import train_command
from dashboard.content.uses import denoise_takeaway, untrained_takeaway
from dashboard.content.words import displayed, provenance
from dashboard.panels.uses_context import UsesContext
from dashboard.plots import tiles, uses_charts
from dashboard.plots.tiles import Tile
from dashboard.session import controls

SIGMA = 0.5  # noise that the page adds at first


def denoise(context: UsesContext, lead: DeltaGenerator, image: np.ndarray) -> None:
    """Draw the image with noise, and the result of every method.

    Args:
        lead: where the conclusion is written.
        image: uint8 (H, W) or (3, H, W).
    """
    from core.metrics import denoising_and_anomalies
    from core.metrics.reconstruction import psnr

    sigma = controls.slide(
        "Noise",
        0.05,
        1.0,
        SIGMA,
        0.05,
        "sigma",
        help="Standard deviation of the Gaussian noise added to grey levels from 0 to 1.",
    )
    trained = catalog.trained_to_denoise(cache.trained.entries(), context.pair, NOISE)
    clean = image[None].astype(np.float32) / 255
    noisy = denoising_and_anomalies.add_noise(clean, sigma)

    def by_run(run_id: str) -> np.ndarray:
        return denoising_and_anomalies.denoise(cache.trained.model(run_id), noisy)

    simple = cache.uses.simple_denoisers(context.pair.data, sigma)
    others = simple.denoised(cache.uses.pca(context.pair.data), noisy)
    results = {"input": noisy, **others, "clean": by_run(context.pair.ae.run_id)}
    if trained is not None:
        results |= {kind: by_run(entry.run_id) for kind, entry in trained.items()}
    decibel = {name: psnr(clean, result) for name, result in results.items()}
    wanted = [
        ("input", "Noisy", ""),
        ("ae", "AE trained to denoise", "ae"),
        ("vae", "VAE trained to denoise", "vae"),
        ("median", f"Median, {simple.size}×{simple.size} pixels", ""),
        ("pca", f"PCA, {simple.components} components", ""),
        ("clean", "AE trained on clean images", "ae"),
    ]
    shown = [
        Tile(title, results[key][0], f"{decibel[key]:.1f} dB", model) for key, title, model in wanted if key in results
    ]
    command = f"{train_command(context.pair)} --noise {NOISE:g}"
    if trained is None:
        other = by_run(context.pair.vae.run_id)
        shown.append(Tile("VAE trained on clean images", other[0], f"{psnr(clean, other):.1f} dB", "vae"))
        lead.markdown(untrained_takeaway(sigma, {**decibel, "ae": decibel["clean"], "vae": psnr(clean, other)}))
    else:
        lead.markdown(denoise_takeaway(sigma, {k: v for k, v in decibel.items() if k != "clean"}, decibel["clean"]))
    st.html(tiles.row([Tile("Clean", clean[0], "target"), *shown], context.dark))
    if trained is None:
        st.caption(
            f"No pair has been trained to denoise {displayed(context.pair.dataset)} at latent size "
            f"{context.pair.latent_dim} "
            + ("yet." if token_of(context.pair.dataset) else f"yet. Run `{command}`, and the same with `--model vae`.")
        )
    _by_noise_level(context, sigma)
    st.caption(provenance(trained or context.pair, 1, what="image, with models"))


def _by_noise_level(context: UsesContext, sigma: float) -> None:
    """Draw the PSNR of every method by noise level, where that was measured."""
    levels = sorted(
        {
            level
            for role in ("ae denoiser", "ae")
            for scores in context.scores.get(role, {}).values()
            for level in scores.get("denoising", {})
            if level != "trained_with"
        },
        key=float,
    )
    paths = {
        "ae": ("ae denoiser", "model"),
        "vae": ("vae denoiser", "model"),
        "clean": ("ae", "model"),
        "clean vae": ("vae", "model"),
        "median": ("ae", "median"),
        "pca": ("ae", "pca"),
        "input": ("ae", "input"),
    }
    curves: dict[str, list[float]] = {}
    for key, (role, name) in paths.items():
        values = [context.mean(role, f"denoising/{level}/{name}") for level in levels]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            curves[key] = known
    if "ae" in curves:
        del curves["clean vae"]  # one curve is enough for models that were not trained to denoise
    if not curves:
        return
    st.markdown(f"**On {context.images_measured():,} unseen images**", anchors=False)
    chart(
        drawn(uses_charts.denoising, [float(level) for level in levels], curves, sigma, context.dark),
        "denoising",
        "PSNR over the level of noise for every method.",
    )
    role, networks = "ae", "the networks were trained on clean images only"
    if "ae" in curves:
        # E max(0, n) of n ~ N(0, sigma^2) is sigma / sqrt(2 pi): images with less noise are darker than those seen.
        lifted = NOISE / math.sqrt(2 * math.pi)
        role, networks = "ae denoiser", f"those trained to denoise were trained at noise {NOISE:g} only"
        networks += f", where clipping lifts black to {lifted:.1f}, and can fail on darker images, with less noise"
    seeds = len(context.scores[role])
    st.caption(
        f"Means over {context.images_measured():,} test images and {seeds} {'seed' if seeds == 1 else 'seeds'}; "
        f"{networks}; the simple methods are tuned for every noise level."
    )
