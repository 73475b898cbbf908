"""Uses: denoising, anomaly detection, compression; each on one image, beside a method simpler than a network."""

import math
import statistics
from typing import Any

import numpy as np
import streamlit as st

from core.metrics.scorecard import NOISE
from core.metrics.verdicts import Measure
from core.runs.run import WEIGHTS
from dashboard import cache
from dashboard.components.chart import chart
from dashboard.components.pad import pad
from dashboard.components.picker import GALLERY, picker
from dashboard.content import catalog
from dashboard.content.catalog import Pair
from dashboard.content.folders import train_command
from dashboard.content.uses import (
    anomaly_takeaway,
    compress_takeaway,
    denoise_takeaway,
    held_out_takeaway,
    untrained_takeaway,
)
from dashboard.content.words import AE, VAE, provenance
from dashboard.plots import tiles, uses_charts
from dashboard.plots.tiles import Tile
from dashboard.session import controls, state
from dashboard.session.upload_form import uploaded

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)
n = len(cache.trained.gallery(pair.ae.run_id)["mean"])
scores_by_role = cache.measured.scores(pair.dataset, pair.latent_dim, pair.data.digest)
dark = state.dark()


# -------------------------------------------------------------------------------------------------------- the image


def clicked() -> None:
    """An image of the gallery was clicked: it becomes the one that is shown."""
    index = state.get("uses-gallery", {}).get("chosen")
    if isinstance(index, int) and 0 <= index < n:
        state.put("item", index)


def image_at_hand() -> tuple[np.ndarray, bool]:
    """The image uint8 (28, 28), and whether it is one of the test images (else the visitor made it)."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        source = controls.choice("Image", ("test image", "draw one", "upload one"), "picture", width="content")
    made = None
    if source == "draw one":
        value, made = pad("uses-pad", state.get("uses-drawn", ""))
        state.put("uses-drawn", value)
    elif source == "upload one":
        upload = uploaded(data)
        made = upload.pixels if upload else None
    if made is not None:
        return made, False
    if source != "test image":
        st.caption("The test image is shown until you provide one.")
    index = min(int(state.get("uses-item", 0)), n - 1)
    if source == "test image":
        with row:
            with st.container(width=150):
                index = controls.whole("Test image", 0, n - 1, 0, "item")
            with st.popover("Choose from a gallery", icon=":material/grid_view:"):
                picker(
                    data.test_images[:GALLERY],
                    [data.classes[label] for label in data.test_labels[:GALLERY]],
                    "uses-gallery",
                    clicked,
                )
        state.put("uses-item", index)
    return data.test_images[index, 0], True


def mean_over(role: str, path: str) -> float | None:
    """A measure's mean over the runs of a role that have it; `path` as in the scorecard, e.g. "denoising/0.5/model"."""
    values = Measure(role, path, "").values(scores_by_role)
    return statistics.fmean(values.values()) if values else None


def measured_on() -> int:
    """How many test images the scorecard's figures are of."""
    return next(scores["n"] for role in scores_by_role.values() for scores in role.values())


# ---------------------------------------------------------------------------------------------------------- denoise


def denoise(lead: Any, image: np.ndarray) -> None:
    """Denoising: the image with noise, and what each method makes of it."""
    from core.metrics.denoising_and_anomalies import add_noise
    from core.metrics.denoising_and_anomalies import denoise as through
    from core.metrics.reconstruction import psnr

    sigma = controls.slide(
        "Noise",
        0.05,
        1.0,
        0.5,
        0.05,
        "sigma",
        help="Standard deviation of the Gaussian noise added to grey levels from 0 to 1.",
    )
    trained = catalog.trained_to_denoise(cache.trained.entries(), pair, NOISE)
    clean = image[None].astype(np.float32) / 255
    noisy = add_noise(clean, sigma)
    simple = cache.uses.simple_denoisers(pair.data, sigma)
    others = simple.denoised(cache.uses.pca(pair.data), noisy)
    results = {"input": noisy, **others, "clean": through(cache.trained.model(pair.ae.run_id), noisy)}
    if trained is not None:
        results |= {kind: through(cache.trained.model(entry.run_id), noisy) for kind, entry in trained.items()}
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
    command = f"{train_command(pair)} --noise {NOISE:g}"
    if trained is None:
        other = through(cache.trained.model(pair.vae.run_id), noisy)
        shown.append(Tile("VAE trained on clean images", other[0], f"{psnr(clean, other):.1f} dB", "vae"))
        lead.markdown(untrained_takeaway(sigma, {**decibel, "ae": decibel["clean"], "vae": psnr(clean, other)}))
    else:
        lead.markdown(denoise_takeaway(sigma, {k: v for k, v in decibel.items() if k != "clean"}, decibel["clean"]))
    st.html(tiles.row([Tile("Clean", clean[0], "target"), *shown], dark))
    if trained is None:
        st.caption(
            f"No pair has been trained to denoise {pair.dataset} at latent size {pair.latent_dim} yet. Run "
            f"`{command}`, and the same with `--model vae`."
        )
    over_levels(sigma)
    st.caption(provenance(trained or pair, 1, what="image, with models"))


def over_levels(sigma: float) -> None:
    """What every method reaches at every level of noise, where that was measured."""
    levels = sorted(
        {
            level
            for role in ("ae denoiser", "ae")
            for scores in scores_by_role.get(role, {}).values()
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
        values = [mean_over(role, f"denoising/{level}/{name}") for level in levels]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            curves[key] = known
    if "ae" in curves:
        del curves["clean vae"]  # one line shows what a model does that was not trained to
    if not curves:
        return
    st.markdown(f"**On {measured_on():,} unseen images**", anchors=False)
    chart(
        uses_charts.denoising([float(level) for level in levels], curves, sigma, dark),
        "denoising",
        "PSNR over the level of noise for every method.",
    )
    role, networks = "ae", "the networks were trained on clean images only"
    if "ae" in curves:
        role, networks = "ae denoiser", f"those trained to denoise were trained at noise {NOISE:g} only"
    seeds = len(scores_by_role[role])
    st.caption(
        f"Means over {measured_on():,} test images and {seeds} {'seed' if seeds == 1 else 'seeds'}; {networks}, "
        "the simple methods are tuned for every noise level."
    )


# -------------------------------------------------------------------------------------------------------- anomalies


def anomalies(lead: Any, image: np.ndarray, given: bool) -> None:
    """Anomaly detection: the scores of normal and anomalous images, and of this one."""
    from core.metrics.denoising_and_anomalies import ODDITIES, auroc, oddness, roc
    from core.metrics.scores import other_dataset

    other = other_dataset(pair.dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        with st.container(width=220):
            what = controls.pick(
                "Anomaly",
                (*ODDITIES, *([other] if other else [])),
                "odd",
                help="Applied to the test image above and to all other test images.",
            )
        with st.container(width=320):
            allowed = (
                controls.slide(
                    "False alarms allowed, %",
                    0.5,
                    50.0,
                    5.0,
                    0.5,
                    "alarms",
                    help="The threshold is set so that this share of normal images exceeds it.",
                )
                / 100
            )
    if given:
        index = int(state.get("uses-item", 0))
        odd = cache.uses.anomalous_images(pair.data, what)
        image = odd[index % len(odd), 0]
    found = {}
    for kind, entry in pair.items():
        normal, strange = cache.uses.anomaly_scores(entry.run_id), cache.uses.anomaly_scores(entry.run_id, what)
        mark = float(oddness(cache.trained.model(entry.run_id), image[None, None])["distortion"][0])
        found[kind] = (normal, strange, mark, float(np.quantile(normal, 1 - allowed)))
    linear = (
        cache.uses.pca_anomaly_scores(pair.data, pair.latent_dim),
        cache.uses.pca_anomaly_scores(pair.data, pair.latent_dim, what),
    )
    area = {kind: auroc(normal, strange) for kind, (normal, strange, *_) in found.items()} | {"pca": auroc(*linear)}
    above = {kind: float((normal < mark).mean()) for kind, (normal, _, mark, _) in found.items()}
    name = f"of {what}" if what == other else what
    lead.markdown(anomaly_takeaway(name, above, area))
    left, right = st.columns([1, 3], gap="large", vertical_alignment="center")
    with left:
        below = " · ".join(
            f"{kind.upper()}: {'alarm' if mark > threshold else 'passes'}"
            for kind, (_, _, mark, threshold) in found.items()
        )
        st.html(tiles.row([Tile("This image", image, below)], dark))
    with right:
        for column, (kind, _) in zip(st.columns(2), pair.items(), strict=True):
            normal, strange, mark, threshold = found[kind]
            with column:
                st.markdown(
                    f"**{AE if kind == 'ae' else VAE}** raises the alarm for {(strange > threshold).mean():.0%} of "
                    f"images {name}",
                    anchors=False,
                )
                st.caption(f"grey: normal images · {AE if kind == 'ae' else VAE}: {what}")
                chart(
                    uses_charts.anomaly_scores(normal, strange, mark, threshold, kind, dark, what=what),
                    f"odd-{kind}",
                    f"Distortion of normal images and anomalies in the {kind.upper()}, with this image and the "
                    "threshold.",
                )
    missed = {kind: held_out(f"{kind} held-out") for kind in ("ae", "vae")}
    measured = all(len(values) == len(data.classes) for values in missed.values())
    left, right = st.columns(2, gap="large") if measured else (st.container(), None)
    with left:
        st.markdown("**ROC curve (all thresholds)**", anchors=False)
        curves = {kind: roc(normal, strange) for kind, (normal, strange, *_) in found.items()} | {"pca": roc(*linear)}
        chart(
            uses_charts.roc(curves, allowed, dark),
            "roc",
            "True positive rate over false positive rate, for AE, VAE and PCA.",
        )
    if right is not None:
        with right:
            st.markdown("**A whole class left out of training**", anchors=False)
            chart(
                uses_charts.by_class(missed, "AUROC", 0.5, dark),
                "held-out",
                "AUROC of each model for a class left out of training.",
            )
        st.markdown(held_out_takeaway(missed["ae"], missed["vae"]))
    elsewhere = (
        "" if measured else "For the detection of a class left out of training, choose mnist-5k at latent size 16. "
    )
    st.caption(provenance(pair, n, f"{elsewhere}Scores are distortions in nats of one sampled code. Measured on"))


def held_out(role: str) -> dict[str, float]:
    """AUROC by the name of the class left out, from the scorecard."""
    found = {}
    for scores in scores_by_role.get(role, {}).values():
        part = scores.get("anomalies", {}).get("held_out")
        if part and 0 <= part["class"] < len(data.classes):
            found[str(data.classes[part["class"]])] = part["distortion"]
    return dict(sorted(found.items()))


# ------------------------------------------------------------------------------------------------------- compress


def compress(lead: Any, image: np.ndarray) -> None:
    """Compression: the image from quantised codes, beside PCA and image formats."""
    from core.metrics import compression

    bits = controls.choice("Bits per latent number", compression.BITS, "bits", default=4)
    ae, vae = (
        compression.store_code(cache.trained.model(entry.run_id), cache.uses.quantiser(entry.run_id, bits), image)
        for entry in pair.entries
    )
    others = data.test_images[1 : min(compression.SHEET, math.isqrt(len(data.test_images))) ** 2]
    pca = compression.store_pca(cache.uses.pca(pair.data), cache.uses.pca_quantisers(pair.data), image, ae.bytes)
    webp = compression.store_webp(image, others, ae.mse)
    png = compression.store_file(image, others, "PNG", optimize=True)
    lead.markdown(compress_takeaway(bits, pair.latent_dim, ae, vae, pca, webp))
    kept = [
        ("Original, as PNG", png, ""),
        ("AE code", ae, "ae"),
        ("VAE code", vae, "vae"),
        ("PCA, same bytes", pca, ""),
        ("WebP, same or lower error", webp, ""),
    ]
    st.html(
        tiles.row(
            [
                Tile(title, s.image, f"{s.bytes:.1f} bytes, " + (f"error {s.mse:.4f}" if s.mse else "lossless"), model)
                for title, s, model in kept
            ],
            dark,
        )
    )
    curves: dict[str, list[tuple[float, float]]] = {}
    for kind in ("ae", "vae"):
        for b in map(str, compression.BITS):
            size, error, linear_error = (
                mean_over(kind, f"compression/bits/{b}/{name}") for name in ("bytes", "mse", "pca_mse")
            )
            if size is not None and error is not None:
                curves.setdefault(kind, []).append((size, error))
            if kind == "ae" and size is not None and linear_error is not None:
                curves.setdefault("pca", []).append((size, linear_error))
    measured = next(
        (s["compression"] for s in scores_by_role.get("ae", {}).values() if "webp_lossy" in s.get("compression", {})),
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
        st.markdown(f"**On {measured_on():,} unseen images** (circles: this image)", anchors=False)
        chart(
            uses_charts.sizes(curves, exact, marks, dark),
            "sizes",
            "Squared error over bytes per image for AE, VAE, PCA and WebP.",
        )
    size = (cache.trained.store().get(pair.ae.run_id).path / WEIGHTS).stat().st_size / 1e6
    st.caption(
        f"Codes: size with an ideal entropy coder fitted to the training codes; the network ({size:.1f} MB) is not "
        "counted, just as the WebP decoder is not. PNG and WebP: size per image "
        f"in a sheet of {len(others) + 1} images. PNG is lossless, all others are lossy. " + provenance(pair, n)
    )


st.title("Uses", anchor=False)
USES = ("denoise", "detect anomalies", "compress")
use = controls.choice("Use", USES, "use", label_visibility="collapsed")
lead = st.empty()
image, given = image_at_hand()
{
    "denoise": lambda: denoise(lead, image),
    "detect anomalies": lambda: anomalies(lead, image, given),
    "compress": lambda: compress(lead, image),
}[use]()

with st.expander("Explanation: uses of an autoencoder, and the baselines", icon=":material/help:"):
    st.markdown(
        f"""
- **Denoising** must be trained, with noise on the input and a clean target (Vincent et al. 2008). An {AE} trained
  on clean images has learnt to encode its whole input, including noise. The baselines are a median filter and PCA,
  each with one parameter tuned on training images.
- **Anomalies**: an image is classified as an anomaly if its reconstruction error is high. This depends on how
  *complex* an image is as well as on how *unfamiliar* it is, so simple anomalies are missed. The likelihood bound
  of a {VAE} has the same weakness.
- **Compression**: a code of {pair.latent_dim} numbers is short because the decoder is specialised to this kind of
  image; it does not work for others.
"""
    )
