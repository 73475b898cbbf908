"""The epoch scrubber: plays what two runs recorded while they were trained, entirely in the browser."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.latent.projection import plane_of
from dashboard.components.assets import OCTETS, media_url
from dashboard.components.lanes import ModelLabel, class_numbers
from dashboard.components.scripts import register

CURVES = ("distortion", "rate", "neg_elbo", "mse")

_mount = register("scrubber")


@dataclass(frozen=True)
class Recording:
    """What one run recorded.

    Attributes:
        label: the model's name and colour.
        codes: (epochs + 1, n, d) codes of the same test images, epoch 0 before training.
        history: one row per epoch (see `core.training.loop.fit`).
        previews: one PNG per epoch, all of the same size.
    """

    label: ModelLabel
    codes: np.ndarray
    history: Sequence[Mapping[str, Any]]
    previews: Sequence[bytes]

    @property
    def epochs(self) -> int:
        """Epochs of which everything was recorded."""
        return min(len(self.codes), len(self.history), len(self.previews)) - 1


def placed(codes: np.ndarray) -> tuple[np.ndarray, float]:
    """Where codes (epochs, n, d) are drawn, (epochs, n, 2), and how far from the origin they extend.

    All epochs share one plane, the one in which the last epoch's codes vary most, so that only the codes move. Its
    origin is the mean of the prior, 0, for d <= 2, and otherwise the mean of the last codes.
    """
    codes = codes.astype(np.float32)
    basis, offset = plane_of(codes[-1])
    xy = codes @ basis.T + offset
    return np.ascontiguousarray(xy, np.float32), float(max(np.percentile(np.abs(xy), 99.5), 1.0))


def stacked(previews: Sequence[bytes]) -> bytes:
    """PNGs of equal size, one below the other, as one PNG; without colours it is grey."""
    from PIL import Image

    frames = np.concatenate([np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in previews])
    grey = bool((frames == frames[..., :1]).all())
    buffer = io.BytesIO()
    Image.fromarray(frames[..., 0] if grey else frames).save(buffer, "PNG")
    return buffer.getvalue()


def scrubber(
    recordings: Sequence[Recording],
    sprites: Sequence[bytes],
    labels: np.ndarray,
    class_colors: Sequence[str],
    key: str,
    reconstructions: int,
) -> None:
    """Draw the recordings side by side under one handle.

    Args:
        sprites: `stacked` previews of each recording; a parameter, so that the caller can cache it.
        labels: (n,) classes of the recorded test images.
        key: names this pair in the page.
        reconstructions: how many reconstructions a preview shows.

    Raises:
        ValueError: a recording has no epoch, or a number of images other than that of `labels`.
    """
    from safetensors.numpy import save

    epochs = min(r.epochs for r in recordings)
    if epochs < 1:
        raise ValueError("a run has recorded no epoch.")
    arrays: dict[str, np.ndarray] = {"labels": class_numbers(labels)}
    lanes = []
    for i, (recording, sprite) in enumerate(zip(recordings, sprites, strict=True)):
        if recording.codes.shape[1] != len(labels):
            codes, name = recording.codes.shape[1], recording.label.short
            raise ValueError(f"{codes} recorded codes of the {name} for {len(labels)} labels.")
        arrays[f"xy_{i}"], reach = placed(recording.codes[: epochs + 1])
        lanes.append(
            {
                **asdict(recording.label),
                "sprite": media_url(sprite, "image/png", f"{key}/{i}"),
                "reach": reach,
                "native": recording.codes.shape[2] <= 2,
                "history": [{name: row[name] for name in CURVES} for row in recording.history[: epochs + 1]],
            }
        )
    _mount(
        key=key,
        data={
            "key": key,
            "epochs": epochs,
            "arrays": media_url(save(arrays), OCTETS, f"{key}/arrays"),
            "class_colors": list(class_colors),
            "reconstructions": reconstructions,
            "lanes": lanes,
        },
    )
