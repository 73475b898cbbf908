"""Compression to quantised codes, compared with PCA and image formats."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.runs.run import WEIGHTS
from dashboard import cache
from dashboard.components.chart import chart, drawn
from dashboard.content.uses import compress_takeaway
from dashboard.content.words import provenance
from dashboard.panels.uses_context import UsesContext
from dashboard.plots import tiles, uses_charts
from dashboard.plots.tiles import Tile
from dashboard.session import controls


def compress(context: UsesContext, lead: DeltaGenerator, image: np.ndarray) -> None:
    """Draw the image decoded from quantised codes, and compressed by PCA and image formats.

    Args:
        lead: where the conclusion is written.
        image: uint8 (H, W) or (3, H, W).
    """
    from core.metrics import compression

    bits = controls.choice("Bits per latent number", compression.BITS, "bits", default=4)
    ae, vae = (
        compression.store_code(cache.trained.model(entry.run_id), cache.uses.quantiser(entry.run_id, bits), image)
        for entry in context.pair.entries
    )
    others = context.data.test_images[1 : min(compression.SHEET, math.isqrt(len(context.data.test_images))) ** 2]
    pca = compression.store_pca(
        cache.uses.pca(context.pair.data), cache.uses.pca_quantisers(context.pair.data), image, ae.bytes
    )
    webp = compression.store_webp(image, others, ae.mse)
    png = compression.store_file(image, others, "PNG", optimize=True)
    lead.markdown(compress_takeaway(bits, context.pair.latent_dim, ae, vae, pca, webp))
    kept = [
        ("Original, as PNG", png, ""),
        ("AE code", ae, "ae"),
        ("VAE code", vae, "vae"),
        ("PCA, same bytes", pca, ""),
        ("WebP, same or lower error", webp, ""),
    ]
    shown = []
    for title, stored, model in kept:
        error = f"error {stored.mse:.4f}" if stored.mse else "lossless"
        shown.append(Tile(title, stored.image, f"{stored.bytes:.1f} bytes, {error}", model))
    st.html(tiles.row(shown, context.dark))
    curves: dict[str, list[tuple[float, float]]] = {}
    for kind in ("ae", "vae"):
        for b in map(str, compression.BITS):
            size, error, linear_error = (
                context.mean(kind, f"compression/bits/{b}/{name}") for name in ("bytes", "mse", "pca_mse")
            )
            if size is not None and error is not None:
                curves.setdefault(kind, []).append((size, error))
            if kind == "ae" and size is not None and linear_error is not None:
                curves.setdefault("pca", []).append((size, linear_error))
    measured = next(
        (s["compression"] for s in context.scores.get("ae", {}).values() if "webp_lossy" in s.get("compression", {})),
        None,
    )
    if measured:
        curves["webp"] = [(p["bytes"], p["mse"]) for p in measured["webp_lossy"].values()]
        exact = {"WebP lossless": measured["webp_lossless"]["bytes"], "PNG": measured["png"]["bytes"]}
        marks = {
            "ae": (ae.bytes, ae.mse),
            "vae": (vae.bytes, vae.mse),
            "pca": (pca.bytes, pca.mse),
            "webp": (webp.bytes, webp.mse),
        }
        st.markdown(f"**On {context.images_measured():,} unseen images** (circles: this image)", anchors=False)
        chart(
            drawn(uses_charts.sizes, curves, exact, marks, context.dark),
            "sizes",
            "Squared error over bytes per image for AE, VAE, PCA and WebP.",
        )
    n = len(cache.trained.gallery(context.pair.ae.run_id)["mean"])
    size = (cache.trained.store().get(context.pair.ae.run_id).path / WEIGHTS).stat().st_size / 1e6
    st.caption(
        f"Codes: size with an ideal entropy coder fitted to the training codes; the network ({size:.1f} MB) is not "
        "counted, just as the WebP decoder is not. PNG and WebP: size per image "
        f"in a sheet of {len(others) + 1} images. PNG is lossless, all others are lossy. " + provenance(context.pair, n)
    )
