"""Anomaly detection by distortion, compared with the error of PCA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.shape import without_grey_axis
from dashboard import cache
from dashboard.components.chart import chart, drawn
from dashboard.content.uses import anomaly_takeaway, held_out_takeaway
from dashboard.content.words import NAMES, provenance
from dashboard.panels.uses_context import UsesContext
from dashboard.plots import tiles, uses_charts
from dashboard.plots.tiles import Tile
from dashboard.session import controls


@dataclass(frozen=True)
class Scores:
    """One model's anomaly scores: distortions in nats per image.

    Attributes:
        normal, anomalous: (n,) of normal and of anomalous images.
        image: of the image shown.
        threshold: higher scores raise an alarm.
    """

    normal: np.ndarray
    anomalous: np.ndarray
    image: float
    threshold: float


def detect_anomalies(context: UsesContext, lead: DeltaGenerator, image: np.ndarray, test_image: int | None) -> None:
    """Draw the scores of normal and anomalous images, and of this image.

    Args:
        lead: where the conclusion is written.
        image: uint8 (H, W) or (3, H, W), used as it is if it is the visitor's own.
        test_image: index of the test image whose anomalous version is used instead; None for an image of the visitor.
    """
    from core.metrics.denoising_and_anomalies import ODDITIES, auroc, oddness, roc
    from core.metrics.scores import other_dataset

    other = other_dataset(context.pair.dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        with st.container(width=220):
            what = controls.pick(
                "Anomaly",
                (*ODDITIES, *([other] if other else [])),
                "odd",
                help="Applied to the test image above and to all other test images.",
            )
        with st.container(width=320):
            percent = controls.slide(
                "False alarms allowed, %",
                0.5,
                50.0,
                5.0,
                0.5,
                "alarms",
                help="The threshold is set so that this share of normal images exceeds it.",
            )
    allowed = percent / 100
    if test_image is not None:
        anomalous = cache.uses.anomalous_images(context.pair.data, what)
        image = without_grey_axis(anomalous[test_image % len(anomalous)])
    by_model: dict[str, Scores] = {}
    for kind, entry in context.pair.items():
        normal = cache.uses.anomaly_scores(entry.run_id)
        by_model[kind] = Scores(
            normal,
            cache.uses.anomaly_scores(entry.run_id, what),
            float(
                oddness(cache.trained.model(entry.run_id), image.reshape(1, *context.data.shape.chw))["distortion"][0]
            ),
            float(np.quantile(normal, 1 - allowed)),
        )
    by_method = {kind: (scores.normal, scores.anomalous) for kind, scores in by_model.items()}
    by_method["pca"] = (
        cache.uses.pca_anomaly_scores(context.pair.data, context.pair.latent_dim),
        cache.uses.pca_anomaly_scores(context.pair.data, context.pair.latent_dim, what),
    )
    name = f"of {what}" if what == other else what
    higher = {kind: float((scores.normal < scores.image).mean()) for kind, scores in by_model.items()}
    lead.markdown(anomaly_takeaway(name, higher, {method: auroc(*scores) for method, scores in by_method.items()}))
    _histograms(context, by_model, image, what, name)
    held_out = {kind: _held_out(context, f"{kind} held-out") for kind in NAMES}
    measured = all(len(values) == len(context.data.classes) for values in held_out.values())
    left, right = st.columns(2, gap="large") if measured else (st.container(), None)
    with left:
        st.markdown("**ROC curve (all thresholds)**", anchors=False)
        curves = {method: roc(*scores) for method, scores in by_method.items()}
        chart(
            drawn(uses_charts.roc, curves, allowed, context.dark),
            "roc",
            "True positive rate over false positive rate, for AE, VAE and PCA.",
        )
    if right is not None:
        with right:
            st.markdown("**A whole class left out of training**", anchors=False)
            chart(
                drawn(uses_charts.by_class, held_out, "AUROC", 0.5, context.dark),
                "held-out",
                "AUROC of each model for a class left out of training.",
            )
        st.markdown(held_out_takeaway(held_out["ae"], held_out["vae"]))
    hint = "" if measured else "For the detection of a class left out of training, choose mnist-5k at latent size 16. "
    how = f"{hint}Scores are distortions in nats of one sampled code. Measured on"
    st.caption(provenance(context.pair, len(by_model["ae"].normal), how))


def _histograms(context: UsesContext, by_model: Mapping[str, Scores], image: np.ndarray, what: str, name: str) -> None:
    """The image with both models' decisions, and the distributions of their scores."""
    left, right = st.columns([1, 3], gap="large", vertical_alignment="center")
    with left:
        decisions = " · ".join(
            f"{kind.upper()}: {'alarm' if scores.image > scores.threshold else 'passes'}"
            for kind, scores in by_model.items()
        )
        st.html(tiles.row([Tile("This image", image, decisions)], context.dark))
    with right:
        for column, (kind, scores) in zip(st.columns(2), by_model.items(), strict=True):
            detected = (scores.anomalous > scores.threshold).mean()
            histogram = uses_charts.anomaly_scores(
                scores.normal, scores.anomalous, scores.image, scores.threshold, kind, context.dark, what=what
            )
            with column:
                st.markdown(f"{NAMES[kind]} raises the alarm for {detected:.0%} of images {name}", anchors=False)
                st.caption(f"grey: normal images · {NAMES[kind]}: {what}")
                alt = f"Distortion of normal images and anomalies in the {kind.upper()}, this image and the threshold."
                chart(histogram, f"odd-{kind}", alt)


def _held_out(context: UsesContext, role: str) -> dict[str, float]:
    """AUROC by the name of the class left out of training, from the scorecard's scores."""
    found = {}
    for scores in context.scores.get(role, {}).values():
        part = scores.get("anomalies", {}).get("held_out")
        if part and 0 <= part["class"] < len(context.data.classes):
            found[str(context.data.classes[part["class"]])] = part["distortion"]
    return dict(sorted(found.items()))
