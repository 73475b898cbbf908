"""The epoch scrubber: plays what two runs recorded while they were trained, without asking the server for anything."""

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

_mount = register("scrubber")


@dataclass(frozen=True)
class Recording:
    """What one run recorded.

    Attributes:
        label: the model's name and colour.
        codes: (epochs + 1, n, d) codes of the same test images, epoch 0 before training.
        history: one row an epoch (see `core.training.loop.fit`).
        previews: a PNG an epoch, all of one size.
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
    """Where codes (epochs, n, d) are drawn, (epochs, n, 2), and how far from the middle they reach.

    One plane for all epochs, the one in which the last epoch's codes vary most, so that what moves is the code and not
    the view. The plane's middle is the prior's, 0, for d <= 2, else the last codes' mean.
    """
    codes = codes.astype(np.float32)
    basis, offset = plane_of(codes[-1])
    xy = codes @ basis.T + offset
    return np.ascontiguousarray(xy, np.float32), float(max(np.percentile(np.abs(xy), 99.5), 1.0))


def tall(previews: Sequence[bytes]) -> bytes:
    """Pictures of equal size, one below the other, as one PNG."""
    from PIL import Image

    frames = [np.asarray(Image.open(io.BytesIO(png)).convert("L")) for png in previews]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(frames)).save(buffer, "PNG")
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
        sprites: `tall` of each recording's previews; a parameter, so that the caller can keep it.
        labels: (n,) classes of the recorded test images.
        key: names this pair in the page.
        reconstructions: how many images a preview reconstructs.

    Raises:
        ValueError: a recording without a single epoch, or not about the images that `labels` names.
    """
    from safetensors.numpy import save

    epochs = min(r.epochs for r in recordings)
    if epochs < 1:
        raise ValueError("a run recorded no epoch to play.")
    arrays: dict[str, np.ndarray] = {"labels": class_numbers(labels)}
    lanes = []
    for i, (recording, sprite) in enumerate(zip(recordings, sprites, strict=True)):
        if recording.codes.shape[1] != len(labels):
            raise ValueError(
                f"{recording.codes.shape[1]} recorded codes of the {recording.label.short} for {len(labels)} labels."
            )
        arrays[f"xy_{i}"], reach = placed(recording.codes[: epochs + 1])
        lanes.append(
            {
                **asdict(recording.label),
                "sprite": media_url(sprite, "image/png", f"{key}/{i}"),
                "reach": reach,
                "native": recording.codes.shape[2] <= 2,
                "history": [
                    {name: row[name] for name in ("distortion", "rate", "neg_elbo", "mse")}
                    for row in recording.history[: epochs + 1]
                ],
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
