"""How much memory a training needs, from its description alone: said before it starts.

    libraries      Python with torch and scikit-learn
    images         the training images twice (the data set's, and the copy that batches are taken from) and the test
                   images; of a folder all of them once more, as they are in the folder and in the copy of it
    parameters     weights, gradients, moments and running means of the optimisers, and the state that is saved
    activations    of one batch with their gradients, or of the images that are encoded at a time

An estimate of the largest resident memory of the process that trains on a CPU, within a quarter of what
`tests.benchmarks.bench_memory` measures; the constants are fitted to that. This module does not import torch: the
server uses it.
"""

from __future__ import annotations

import itertools

from core.config import RunConfig
from core.latent.sampling import AT_A_TIME, ENCODED
from core.models.trunks import Layer, decoder_layers, encoder_layers

LIBRARIES_MB = 400.0
FLOAT = 4  # bytes
COPIES = 8  # arrays of the size of the parameters at the moment when the state is saved
HELD = 2.5  # arrays of the size of the activations while gradients are computed
AT_ONCE = 4  # and of the two largest layers in a row, while no gradients are


def parameters(config: RunConfig) -> int:
    """The number of parameters, without those that make a model multi-rate."""
    encoder, decoder = _layers(config)
    heads = 1 if config.model == "ae" else 2
    weights = sum(x.inputs * x.outputs * x.kernel**2 + x.outputs for x in (*encoder, *decoder))
    return weights + heads * (encoder[-1].outputs + 1) * config.latent_dim


def _layers(config: RunConfig) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    assert config.trunk is not None, "a config has a trunk"
    return encoder_layers(config.trunk, config.shape), decoder_layers(config.trunk, config.latent_dim, config.shape)


def activations(config: RunConfig) -> list[int]:
    """Numbers per image before the first layer and after each layer of the encoder and of the decoder."""
    encoder, decoder = _layers(config)
    found, side = [config.shape.pixels], config.shape.side
    for layer in encoder:
        side = side // layer.stride if layer.kind == "conv" else side
        found.append(layer.outputs * (side**2 if layer.kind == "conv" else 1))
    for layer in decoder:
        side = side * layer.stride if layer.kind == "transposed" else side
        found.append(layer.outputs * (side**2 if layer.kind == "transposed" else 1))
    return found


def memory_mb(config: RunConfig, train: int, test: int) -> float:
    """MB of memory that a training needs.

    Args:
        config: of the run.
        train, test: images of the data set.
    """
    copies = 1 if config.dataset.startswith("folder:") else 0
    images = config.shape.pixels * (2 * train + test + copies * (train + test))
    numbers = activations(config)
    encoded = min(ENCODED, train, AT_A_TIME // config.shape.pixels)
    batch = HELD * min(config.batch_size, train) * sum(numbers)
    codes = AT_ONCE * encoded * max(a + b for a, b in itertools.pairwise(numbers))
    floats = COPIES * parameters(config) + max(batch, codes)
    return LIBRARIES_MB + (images + FLOAT * floats) / 1e6
