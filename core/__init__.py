"""Point or Cloud: train, compare and measure autoencoders and variational autoencoders.

    from core import RunConfig, load_dataset, train, load_model, sample, interpolate, project

Names are imported when they are first used, so that `import core` is fast.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Waiting threads should sleep, not spin. A spinning thread occupies the core that the other thread needs: with a
# server, a worker and a browser on two cores, epochs took up to four times longer. OpenMP reads this when torch is
# first imported. `core.hardware.cores.spin` is the exception.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.data.datasets import load_dataset
    from core.latent.interpolation import interpolate
    from core.latent.projection import project
    from core.latent.sampling import sample
    from core.runs.loading import load_model
    from core.training.train_run import train

_WHERE = {
    "RunConfig": "config",
    "load_dataset": "data.datasets",
    "train": "training.train_run",
    "load_model": "runs.loading",
    "sample": "latent.sampling",
    "interpolate": "latent.interpolation",
    "project": "latent.projection",
}
__all__ = ["RunConfig", "interpolate", "load_dataset", "load_model", "project", "sample", "train"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'core' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(f"core.{_WHERE[name]}"), name)
