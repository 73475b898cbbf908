"""Random samples of both models from the same noise; codes are drawn and decoded in the browser while controls move.

A seed means numpy's noise in the browser too (dashboard/web/random.js), so the pictures are those that the server and
`core.latent.sampling.sample` make with the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.components.assets import media_url
from dashboard.components.lanes import SIDES, ModelLabel, packed
from dashboard.components.scripts import register
from dashboard.components.sprites import shape_in

if TYPE_CHECKING:
    from core.latent.sampling import Density
    from dashboard.session.shared_settings import SharedSettings

MOST = 64  # samples; samples.js draws noise for as many
NUMBERS = (36, 16, 64)  # how many may be shown, at first the first
FIGURES = {"fd": ".1f", "density": ".2f", "coverage": ".0%"}  # of samples, and how each is written

_mount = register("sampler")


@dataclass(frozen=True)
class SampledLane:
    """One model.

    Attributes:
        label: its name and colour.
        weights: address of its weights.
        densities: what codes may be drawn from besides N(0, I): "gaussian", "mixture", and "class" with one component
            for each class.
        stills: PNGs of `MOST` samples by source, of temperature 1 and seed 0, in eight columns.
        figures: (source, temperature) -> measured quality of the samples, with `FIGURES`.
    """

    label: ModelLabel
    weights: str
    densities: Mapping[str, Density]
    stills: Mapping[str, bytes]
    figures: Mapping[tuple[str, float], Mapping[str, float]]

    def to_data(self, key: str) -> dict[str, Any]:
        """Its JSON for the component."""
        return {
            **asdict(self.label),
            "weights": self.weights,
            "stills": {
                source: media_url(png, "image/png", f"{key}/still-{self.label.short}-{source}")
                for source, png in self.stills.items()
            },
            "figures": [
                {
                    "source": source,
                    "temperature": temperature,
                    **{name: f"{found[name]:{form}}" for name, form in FIGURES.items()},
                }
                for (source, temperature), found in self.figures.items()
            ],
        }


@dataclass(frozen=True)
class Wording:
    """What the component says.

    Attributes:
        sources: what codes are drawn from -> what that means; "{class}" in it becomes the class drawn.
        verdicts: (the AE's source, the VAE's source, temperature) -> what the figures say.
        unmeasured: why there are no figures; "" where they are measured.
        figure_help: what each figure is, by "fd", "density" and "coverage".
        class_word: what a class is called, e.g. "digit".
    """

    sources: Mapping[str, str]
    verdicts: Mapping[tuple[str, str, float], str]
    unmeasured: str
    figure_help: Mapping[str, str]
    class_word: str = "class"


def arrays_of(densities: Mapping[str, Density], side: str) -> dict[str, np.ndarray]:
    """Densities as samples.js reads them: means (K, d), Cholesky factors (K, d, d), ends of the components' shares."""
    return {
        f"{side}_{source}_{name}": values
        for source, density in densities.items()
        for name, values in (
            ("means", density.means),
            ("roots", np.linalg.cholesky(density.covs)),
            ("ends", np.cumsum(density.weights)),
        )
    }


def sampler(
    lanes: tuple[SampledLane, SampledLane],
    classes: Sequence[str],
    words: Wording,
    settings: SharedSettings,
    key: str,
    *,
    name: str,
    reference: bytes,
    references: int,
    judge: str = "",
    on_rest: Callable[[], None] = lambda: None,
) -> None:
    """Draw both models' samples with their controls.

    Args:
        classes: names of the classes.
        settings: what is drawn, see SampleSettings in data.d.ts.
        key: of the element.
        name: of the pair, for its files.
        reference: PNG of the training images that samples are compared with, as of `sprites.sprite`.
        references: the number of images in it.
        judge: address of the classifier, "" without one.
        on_rest: called before the rerun when the controls have come to rest elsewhere. The element's state then has
            `rested`: {"values", "sequence"}, see `dashboard.session.shared_settings`.
    """
    arrays: dict[str, np.ndarray] = {}
    for side, lane in zip(SIDES, lanes, strict=True):
        arrays |= arrays_of(lane.densities, side)
    shares = [lane.densities["class"].weights for lane in lanes if "class" in lane.densities]
    left, right = (lane.to_data(name) for lane in lanes)
    _mount(
        key=key,
        data={
            "left": left,
            "right": right,
            "values": dict(settings.values),
            "sequence": settings.sequence,
            "latent_dim": next(iter(lanes[0].densities.values())).means.shape[1],
            "arrays": packed(name, arrays),
            "sources": [{"id": source, "about": about} for source, about in words.sources.items()],
            "classes": list(classes),
            "class_word": words.class_word,
            "drawable": [not shares or all(share[i] > 0 for share in shares) for i in range(len(classes))],
            "numbers": sorted(NUMBERS),
            "most": MOST,
            "shape": list(shape_in(reference).chw),
            "reference": media_url(reference, "image/png", f"{name}/reference"),
            "references": references,
            "judge": judge,
            "verdicts": [
                {"left": left_source, "right": right_source, "temperature": temperature, "text": verdict}
                for (left_source, right_source, temperature), verdict in words.verdicts.items()
            ],
            "unmeasured": words.unmeasured,
            "figure_help": dict(words.figure_help),
        },
        on_rested_change=on_rest,
    )
