"""Whether a training ended in a model worth keeping: a loss can stay finite while the network is lost.

Measured on images that were trained on, as they were trained on, with the weights as they are kept (see `refuse`):

    weights or codes    beyond what half precision holds, in which runs are kept
    D                   above that of the best single grey level, which is what an untrained network starts from
    outputs             one and the same for images that differ; with a rate only where a better constant image exists

What is a poor model and no accident passes. An untrained network lies within 2 % of the grey level and its outputs differ
by 4e-5 and more, so a training may be as short as one likes. A VAE under a large weight, or with the mean reduction,
collapses to the mean image, which is the best constant: that is what it was asked to do, and worth looking at.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.data.dataset import as_floats
from core.errors import FAILURE
from core.models.networks import Trainable
from core.runs.store import RunError

EXAMINED = 512  # training images that are looked at
LARGEST = torch.finfo(torch.float16).max  # 65504
SAME = 1e-6  # outputs in [0, 1] that differ by less are equal
MARGIN, NATS = (
    1.1,
    16.0,
)  # worse than a constant: a tenth more above the floor, and on plain images .02 nats a pixel more


class TrainingError(RunError):
    """Training cannot go on, or ended in a model that is not worth keeping; the message says what to change."""

    exit_code = FAILURE


def constant_logits(means: Tensor) -> Tensor:
    """The logits of a decoder that always draws these grey levels, kept off 0 and 1 where they have none."""
    return torch.logit(means.clamp(1e-4, 1 - 1e-4))


@torch.no_grad()
def refuse(model: Trainable, weights: dict[str, Tensor], images: np.ndarray) -> None:
    """Make sure that a trained model is worth keeping.

    Args:
        model: as a reader of the run builds it, from weights rounded to half precision.
        weights: those before rounding.
        images: uint8 (N, 1, 28, 28), trained on.

    Raises:
        TrainingError: saying what is wrong with it and what to change.
    """
    remedy = f"Lower learning_rate (now {model.config.learning_rate:g})."
    # A NaN is not below anything, so each condition says what is right.
    largest = max(float(w.abs().max()) for w in weights.values())
    if not largest <= LARGEST:
        raise TrainingError(
            f"training went wrong: a weight reached {largest:.3g}, and runs are kept in half precision, up to {LARGEST:.0f}. {remedy}"
        )
    reference, device = model.reference(), next(model.parameters()).device
    x = as_floats(images[:EXAMINED], str(device))
    generator = torch.Generator(device).manual_seed(0)
    seen = x
    if model.config.noise:
        seen = (x + model.config.noise * torch.randn(x.shape, generator=generator, device=device)).clamp_(0, 1)
    codes = reference.encode(seen).mean
    outputs = reference.decode_image(codes)
    reached = float(reference.terms(x, generator, seen).distortion.mean())
    if not float(codes.abs().max()) <= LARGEST:
        raise TrainingError(
            f"training went wrong: a code reached {float(codes.abs().max()):.3g}, and runs are kept in half precision, up to {LARGEST:.0f}. {remedy}"
        )

    likelihood, floor = model.likelihood, float(model.likelihood.floor(x).mean())
    grey = float(likelihood.distortion(constant_logits(x.mean()).expand_as(x), x).mean())
    mean_image = float(likelihood.distortion(constant_logits(x.mean(0, keepdim=True)).expand_as(x), x).mean())

    def worse_than(constant: float) -> bool:
        return not reached - floor <= max(MARGIN * (constant - floor), constant - floor + NATS)

    told = f"its distortion is {reached:.0f} nats per image"
    if worse_than(grey):
        raise TrainingError(f"training went wrong: {told}, and {grey:.0f} for one grey level everywhere. {remedy}")
    differ = float((outputs.amax(0) - outputs.amin(0)).max())
    if differ < SAME and mean_image - floor > NATS:
        if model.config.model == "ae":
            raise TrainingError(
                f"training went wrong: the network draws the same picture for every image, {told}. {remedy}"
            )
        if worse_than(mean_image):
            raise TrainingError(
                f"training went wrong: the network draws the same picture for every image, {told}, and {mean_image:.0f} for the mean image. {remedy}"
            )
