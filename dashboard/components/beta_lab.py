"""The KL-weight lab: a knob for beta that samples, copies, clouds, KL bars and the rate-distortion plane follow at once.

The multi-rate model's network runs in the page, so moving the knob asks nothing of the server; only the weight at which it
comes to rest is reported. Trained weights are stops on the way, where the trained network itself takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.config import ACTIVE_NATS, BETA_RANGE
from dashboard.components.assets import OCTETS, media_url, script

CODES = 500  # test images whose clouds follow the knob

_mount = st.components.v2.component(
    "point_or_cloud_beta_lab",
    html=script("beta_lab.html"),
    css=script("base.css", "beta_lab.css"),
    js=script("networks.js", "canvas.js", "family.js", "rd_plane.js", "beta_lab.js"),
)


@dataclass(frozen=True)
class TrainedBeta:
    """A trained run that the knob stops at.

    Attributes:
        weights: address of its weights; "" leaves the prediction on screen.
        evaluation: its figures (`core.runs.Run.evaluation`).
        others: evaluations of the same weight at other seeds, for the spread.
    """

    beta: float
    run_id: str
    weights: str
    evaluation: Mapping[str, Any]
    others: Sequence[Mapping[str, Any]] = ()

    def to_data(self) -> dict[str, Any]:
        data = {"beta": self.beta, "run_id": self.run_id, "weights": self.weights, "neg_elbo": self.evaluation["neg_elbo"], **_point(self.evaluation)}
        if self.others:
            every = [self.evaluation, *self.others]
            data["spread"] = {"seeds": len(every)} | {k: [min(e[k] for e in every), max(e[k] for e in every)] for k in ("rate", "distortion", "neg_elbo")}
        return data


def _point(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    return {name: evaluation[name] for name in ("distortion", "rate", "rate_per_dim", "active_units")}


def beta_lab(
    run_id: str,
    weights: str,
    curve: Sequence[Mapping[str, Any]],
    trained: Sequence[TrainedBeta],
    labels: np.ndarray,
    class_colors: Sequence[str],
    images_png: bytes,
    colors: Mapping[str, str],
    ae_distortion: float | None,
    beta: float,
    key: str,
    on_beta: Callable[[], None] = lambda: None,
) -> float:
    """Draw the lab.

    Args:
        run_id, weights: the multi-rate model and the address of its weights.
        curve: its figures over beta ("curve" in its evaluation), nats per image on the test images.
        labels: (n,) classes of the test images that `images_png` holds (see `sprites.sprite`).
        colors: "vae", "vae_dark", "ae", "ae_dark".
        ae_distortion: of the matching AE, nats per image; None leaves it out.
        beta: where the knob stands at first; a new value moves it.
        key: names this model in the page.
        on_beta: called before the rerun in which another weight is returned.

    Returns:
        The weight at which the knob came to rest, always within `BETA_RANGE`.
    """
    from safetensors.numpy import save

    result = _mount(
        key=key,
        data={
            "key": key,
            "run_id": run_id,
            "weights": weights,
            "sprite": media_url(images_png, "image/png", f"{key}/sprite"),
            "arrays": media_url(save({"labels": np.ascontiguousarray(labels, np.uint8)}), OCTETS, f"{key}/arrays"),
            "n": len(labels),
            "class_colors": list(class_colors),
            "color": colors["vae"], "color_dark": colors["vae_dark"], "ae_color": colors["ae"], "ae_color_dark": colors["ae_dark"],
            "curve": [{"beta": point["beta"], **_point(point)} for point in sorted(curve, key=lambda p: p["beta"])],
            "trained": [run.to_data() for run in trained],
            "ae_distortion": ae_distortion,
            "active": ACTIVE_NATS,
            "beta": beta,
        },
        default={"beta": beta},
        on_beta_change=on_beta,
    )  # fmt: skip
    value = result.get("beta")
    return float(value) if usable(value) else beta


def usable(value: Any) -> bool:
    """Whether what the page sent is a weight of the range: it is a visitor's input like any other."""
    return isinstance(value, int | float) and not isinstance(value, bool) and BETA_RANGE[0] <= value <= BETA_RANGE[1]
