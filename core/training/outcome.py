"""Whether training ended in a usable model: the loss can stay finite although the network has broken down.

`refuse` measures the weights as they will be stored, on training images. It refuses a model if

    a weight or code    exceeds the range of half precision, in which runs are stored
    D                   exceeds that of the best single grey level, from which an untrained network starts
    outputs             are identical for images that differ; with a rate only if D also exceeds the mean image's

A poor but working model passes. D of an untrained network is within 2 % of the grey level's, and its outputs differ by
at least 4e-5, so no training is too short. A VAE with a large weight of the rate, or with the mean reduction, collapses
to the mean image, the best constant output: that is the correct optimum, and the pages show it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.data.dataset import as_floats
from core.errors import FAILURE
from core.models.networks import Trainable
from core.runs.run import RunError

EXAMINED = 512  # number of training images that are measured
LARGEST = torch.finfo(torch.float16).max  # 65504
SAME = 1e-6  # outputs in [0, 1] that differ by less count as identical
# D counts as worse than a constant's if its excess over the floor is 10 % larger and, for images close to the floor,
# 16 nats per image (0.02 nats per pixel) larger.
MARGIN, NATS = 1.1, 16.0


class TrainingError(RunError):
    """Training cannot continue, or ended in an unusable model; the message says what to change."""

    exit_code = FAILURE


def constant_logits(means: Tensor) -> Tensor:
    """The logits of a decoder that always draws these grey levels; levels of 0 and 1 are moved into (0, 1)."""
    return torch.logit(means.clamp(1e-4, 1 - 1e-4))


@torch.no_grad()
def refuse(model: Trainable, weights: dict[str, Tensor], images: np.ndarray) -> None:
    """Refuse an unusable model; the conditions are those at the top of this module.

    Args:
        model: built from the weights rounded to half precision.
        weights: the weights before rounding.
        images: training images, uint8 (N, C, H, W).

    Raises:
        TrainingError: the model is unusable; the message says why and what to change.
    """
    wrong, remedy = "training went wrong", f"Lower learning_rate (now {model.config.learning_rate:g})."

    def check_range(what: str, largest: float) -> None:
        if not largest <= LARGEST:  # written like this because every comparison with NaN is false
            limit = f"runs are kept in half precision, up to {LARGEST:.0f}"
            raise TrainingError(f"{wrong}: a {what} reached {largest:.3g}, and {limit}. {remedy}")

    check_range("weight", max(float(w.abs().max()) for w in weights.values()))
    reference, device = model.reference(), next(model.parameters()).device
    x = as_floats(images[:EXAMINED], str(device))
    generator = torch.Generator(device).manual_seed(0)
    inputs = x
    if model.config.noise:
        inputs = (x + model.config.noise * torch.randn(x.shape, generator=generator, device=device)).clamp_(0, 1)
    codes = reference.encode(inputs).mean
    outputs = reference.decode_image(codes)
    reached = float(reference.terms(x, generator, inputs).distortion.mean())
    check_range("code", float(codes.abs().max()))

    likelihood, floor = model.likelihood, float(model.likelihood.floor(x).mean())
    grey = float(likelihood.distortion(constant_logits(x.mean()).expand_as(x), x).mean())
    mean_image = float(likelihood.distortion(constant_logits(x.mean(0, keepdim=True)).expand_as(x), x).mean())

    def worse_than(constant: float) -> bool:
        return not reached - floor <= max(MARGIN * (constant - floor), constant - floor + NATS)

    distortion = f"its distortion is {reached:.0f} nats per image"
    if worse_than(grey):
        raise TrainingError(f"{wrong}: {distortion}, and {grey:.0f} for one grey level everywhere. {remedy}")
    difference = float((outputs.amax(0) - outputs.amin(0)).max())
    if difference < SAME and mean_image - floor > NATS:
        same = f"{wrong}: the network draws the same picture for every image, {distortion}"
        if model.config.model == "ae":
            raise TrainingError(f"{same}. {remedy}")
        if worse_than(mean_image):
            raise TrainingError(f"{same}, and {mean_image:.0f} for the mean image. {remedy}")
