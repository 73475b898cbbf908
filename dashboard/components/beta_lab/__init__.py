"""The KL-weight lab: samples, reconstructions, clouds, KL bars and the rate-distortion plane, with a knob for beta.

The multi-rate network runs in the browser, so moving the knob needs no server; only the KL weight at which it comes to
rest is reported. The knob stops at the trained KL weights, where the trained network itself is shown. Where there is no
multi-rate model, the nearest trained network is shown instead of a prediction.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.config import ACTIVE_NATS
from dashboard.components.assets import OCTETS, media_url
from dashboard.components.lanes import class_numbers
from dashboard.components.scripts import register
from dashboard.components.sprites import shape_in

CODES = 500  # test images whose posteriors are drawn
SAMPLES = 36

_mount = register("beta_lab")


@dataclass(frozen=True)
class Prediction:
    """The multi-rate model: its run, the address of its parameters, and its evaluation at several values of beta."""

    run_id: str
    weights: str
    curve: Sequence[Mapping[str, Any]]

    def to_data(self) -> dict[str, Any]:
        """Its JSON for the component."""
        points = [{"beta": point["beta"], **_point(point)} for point in sorted(self.curve, key=lambda p: p["beta"])]
        return {"run_id": self.run_id, "weights": self.weights, "curve": points}


@dataclass(frozen=True)
class TrainedBeta:
    """A trained run that the knob stops at.

    Attributes:
        weights: address of its parameters; with "" the prediction stays on screen.
        evaluation: see `core.runs.run.Run.evaluation`.
        others: evaluations of runs with the same beta and other seeds, for the spread.
        shipped: whether it came with the project; otherwise it was trained on this server.
    """

    beta: float
    run_id: str
    weights: str
    evaluation: Mapping[str, Any]
    others: Sequence[Mapping[str, Any]] = ()
    shipped: bool = False

    def to_data(self) -> dict[str, Any]:
        """Its JSON for the component."""
        data: dict[str, Any] = {
            "beta": self.beta,
            "run_id": self.run_id,
            "weights": self.weights,
            "where": "shipped" if self.shipped else "server",
            "neg_elbo": self.evaluation["neg_elbo"],
            **_point(self.evaluation),
        }
        if self.others:
            every = [self.evaluation, *self.others]
            spread: dict[str, Any] = {"seeds": len(every)}
            for name in ("rate", "distortion", "neg_elbo"):
                spread[name] = [min(e[name] for e in every), max(e[name] for e in every)]
            data["spread"] = spread
        return data


def _point(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    return {name: evaluation[name] for name in ("distortion", "rate", "rate_per_dim", "active_units")}


@dataclass(frozen=True)
class Training:
    """A network for the shown KL weight that is being trained.

    Attributes:
        fraction: how much of the training is done, from 0 to 1.
        history: its rows so far (see `core.training.loop.fit`).
        preview: PNG of its current samples and reconstructions (see `core.training.evaluation.preview`).
    """

    beta: float
    run_id: str
    fraction: float = 0.0
    history: Sequence[Mapping[str, Any]] = ()
    preview: bytes | None = None

    def to_data(self) -> dict[str, Any]:
        """Its JSON for the component."""
        epochs = self.history[-1]["epochs"] if self.history else 0
        done = self.fraction * epochs
        preview = b64encode(self.preview).decode() if self.preview and self.history else ""
        return {
            "beta": self.beta,
            "run_id": self.run_id,
            "where": "server",
            "epoch": round(done, 1 if done > 0.1 else 2),
            "epochs": epochs,
            "path": [_point(row) for row in self.history],
            "measured": len(self.history) - 1,
            "preview": preview and f"data:image/png;base64,{preview}",
        }


@dataclass(frozen=True)
class InPage:
    """Training in the page.

    Attributes:
        source: see `page_training.training`; the lab replaces the beta in its config.
        auto: whether releasing the knob starts a training.
        patience: seconds; a browser in which a training would take longer asks the server instead.
        server: whether there is a server that can train.
    """

    source: Mapping[str, Any]
    auto: bool = True
    patience: float = 60.0
    server: bool = True

    def to_data(self) -> dict[str, Any]:
        """Its JSON for the component."""
        return {**self.source, "auto": self.auto, "patience": self.patience, "server": self.server}


@dataclass(frozen=True)
class Lab:
    """Everything the lab shows except the KL weight and a training in progress.

    Attributes:
        key: names this model in the page.
        latent_dim: of all its networks.
        prediction: the multi-rate model; None where there is none.
        trained: at least one run.
        labels: (n,) classes of the test images that `images_png` holds (see `sprites.sprite`).
        colors: "vae", "vae_dark", "ae", "ae_dark".
        ae_distortion: of the matching AE, nats per image; None leaves it out.
    """

    key: str
    latent_dim: int
    prediction: Prediction | None
    trained: Sequence[TrainedBeta]
    labels: np.ndarray
    class_colors: Sequence[str]
    images_png: bytes
    colors: Mapping[str, str]
    ae_distortion: float | None = None
    data: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        # Made once, since a lab is drawn again and again while a training is watched.
        object.__setattr__(self, "data", self._describe())

    def _describe(self) -> dict[str, Any]:
        from safetensors.numpy import save

        # The first codes are those that every run's preview decodes (core.training.evaluation.preview), so that samples
        # of a network in training can be compared with the prediction tile by tile.
        noise = np.random.default_rng(0).standard_normal((SAMPLES, self.latent_dim)).astype(np.float32)
        arrays = {"labels": class_numbers(self.labels), "noise": noise}
        return {
            "key": self.key,
            "latent_dim": self.latent_dim,
            "prediction": self.prediction and self.prediction.to_data(),
            "trained": [run.to_data() for run in self.trained],
            "sprite": media_url(self.images_png, "image/png", f"{self.key}/sprite"),
            "shape": list(shape_in(self.images_png).chw),
            "arrays": media_url(save(arrays), OCTETS, f"{self.key}/arrays"),
            "n": len(self.labels),
            "class_colors": list(self.class_colors),
            "color": self.colors["vae"],
            "color_dark": self.colors["vae_dark"],
            "ae_color": self.colors["ae"],
            "ae_color_dark": self.colors["ae_dark"],
            "ae_distortion": self.ae_distortion,
            "active": ACTIVE_NATS,
        }


def beta_lab(
    lab: Lab,
    beta: float,
    key: str,
    training: Training | None = None,
    on_rest: Callable[[], None] = lambda: None,
    compact: bool = False,
    sequence: int = 0,
    in_page: InPage | None = None,
    on_give: Callable[[], None] = lambda: None,
    on_slow: Callable[[], None] = lambda: None,
) -> None:
    """Draw the lab.

    Args:
        beta: the initial position of the knob, and where it moves when `sequence` changes.
        key: of the element.
        training: shown while the knob is at its KL weight.
        on_rest: called before the rerun when the knob has come to rest at another KL weight. The element's state then
            has `rested`: {"beta", "sequence"}, see `dashboard.session.beta_state`.
        compact: shows only the parts that change visibly, for a projector.
        sequence: how often the page itself, not the knob, has set `beta`.
        in_page: offers training in the page.
        on_give: called before the rerun when a person wants the server to train the network of a KL weight, too. The
            element's state then has `give`, like `rested`.
        on_slow: called before the rerun when a training in the page would take too long. The element's state then has
            `slow`: {"beta", "sequence", "seconds"}.
    """
    _mount(
        key=key,
        data={
            **lab.data,
            "beta": beta,
            "sequence": sequence,
            "compact": compact,
            "training": training.to_data() if training else None,
            "in_page": in_page.to_data() if in_page else None,
        },
        on_rested_change=on_rest,
        on_give_change=on_give,
        on_slow_change=on_slow,
    )
