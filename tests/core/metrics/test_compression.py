"""Quantised codes against entropy, image formats against their files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.latent.sampling import decode_all, encode_all
from core.metrics.compression import (
    Quantiser,
    code_curve,
    codec,
    codecs,
    compression,
    least_bytes,
    least_error,
    pca_curve,
    pca_quantisers,
)
from core.metrics.linear import fit_pca
from core.metrics.reconstruction import mse


def test_bytes_are_the_entropy_of_the_bins():
    """Uniform codes over 2^b equal bins need b bits each; a coin needs one."""
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(50_000, 3))
    quantiser = Quantiser.of_bits(codes, 3)
    symbols = quantiser.quantise(codes)
    shares = [np.bincount(column, minlength=8) / len(column) for column in symbols.T]
    entropy = -sum((p[p > 0] * np.log2(p[p > 0])).sum() for p in shares) / 8
    assert quantiser.bytes(symbols) == pytest.approx(entropy, rel=1e-3)
    assert quantiser.bytes(symbols) < 3 * 3 / 8  # less than the bins' numbers written out
    coin = rng.integers(0, 2, (10_000, 4)).astype(float)
    sides = Quantiser(coin, np.full(4, 2), np.ones(4))
    assert sides.bytes(sides.quantise(coin)) == pytest.approx(0.5, rel=1e-3)


def test_more_bits_restore_better_and_cost_more():
    codes = np.random.default_rng(0).normal([0, 5], [1, 10], (5000, 2))
    quantisers = [Quantiser.of_bits(codes, bits) for bits in (1, 2, 4, 8)]
    errors = [np.abs(q.restore(q.quantise(codes)) - codes).mean() for q in quantisers]
    sizes = [q.bytes(q.quantise(codes)) for q in quantisers]
    assert errors == sorted(errors, reverse=True) and sizes == sorted(sizes)
    assert errors[-1] < 0.05


def test_codes_outside_the_bins_and_constant_ones():
    codes = np.random.default_rng(0).normal(size=(1000, 2))
    codes[:, 1] = 4.0
    quantiser = Quantiser.of_bits(codes, 4)
    assert np.isfinite(
        quantiser.bytes(quantiser.quantise(np.array([[100.0, -100.0]])))
    )  # a bin never seen is dear, not impossible
    assert quantiser.restore(quantiser.quantise(codes[:3]))[:, 1] == pytest.approx(4.0)
    wide = Quantiser.of_width(codes, 50.0)
    assert wide.bytes(wide.quantise(codes)) == 0 and wide.restore(wide.quantise(codes[:1])) == pytest.approx(
        codes.mean(0)[None], abs=0.01
    )


def test_png_and_lossless_webp_lose_nothing_and_sizes_are_the_files(tiny):
    result = codecs(tiny.test_images)
    assert result["png"]["mse"] == result["webp_lossless"]["mse"] == 0
    sheet = tiny.test_images[:100].reshape(10, 10, 28, 28).swapaxes(1, 2).reshape(280, 280)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG", optimize=True)
    assert result["png"]["bytes"] == pytest.approx(len(buffer.getvalue()) / 100)
    lossy = list(result["webp_lossy"].values())
    assert [p["bytes"] for p in lossy] == sorted(p["bytes"] for p in lossy)
    assert [p["mse"] for p in lossy] == sorted((p["mse"] for p in lossy), reverse=True)
    assert lossy[-1]["bytes"] < 784  # less than the pixels


def test_fewer_images_make_a_smaller_sheet(tiny):
    assert codec(tiny.test_images[:5], "PNG")["mse"] == 0


def test_pca_curve_falls_with_size(tiny, images):
    pca = fit_pca(tiny.train_images, 64)
    points = pca_curve(pca, pca_quantisers(pca, tiny.train_images), images)
    sizes = np.array([p["bytes"] for p in points])
    assert (np.diff(sizes) >= 0).all()
    assert points[0]["mse"] > 2 * points[-1]["mse"]
    assert least_error(points, 1e9) == min(p["mse"] for p in points) and least_error(points, -1) is None
    assert least_bytes(points, 1e9) == pytest.approx(sizes[0]) and least_bytes(points, 0) is None


def test_a_models_curve_ends_at_its_own_reconstruction(trained, tiny, images):
    model = trained["ae"].load_model()
    train_codes, codes = (encode_all(model, x).mean for x in (tiny.train_images, tiny.test_images))
    curve = code_curve(model, train_codes, codes, images)
    exact = mse(images, decode_all(model, codes))
    assert curve["6"]["mse"] == pytest.approx(exact, rel=0.02)
    assert curve["1"]["mse"] > exact and curve["1"]["bytes"] < 4 / 8 + 0.2
    whole = compression(model, fit_pca(tiny.train_images, 64), tiny.train_images, train_codes, tiny.test_images, codes)
    assert (
        whole["bits"]["6"]["mse"] == curve["6"]["mse"]
        and whole["bits"]["4"]["webp_bytes"] > whole["bits"]["4"]["bytes"]
    )
