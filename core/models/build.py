"""From a configuration to its network."""

from __future__ import annotations

import torch

from core.config import RunConfig
from core.models.multirate import AtBeta, MultiRate
from core.models.networks import Autoencoder

Model = Autoencoder | AtBeta  # what encodes and decodes: a plain model, or a multi-rate network at one beta


def build_model(config: RunConfig) -> Autoencoder | MultiRate:
    """A newly initialised model, whose weights depend on the config alone. The global random state is unchanged."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return (MultiRate if config.model == "multirate" else Autoencoder)(config)
