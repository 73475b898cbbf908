"""From a name to a model: the trained one, found where runs are kept."""

from __future__ import annotations

from core.config import RunConfig
from core.data.datasets import resolve
from core.models.multirate import MultiRate
from core.models.networks import Autoencoder
from core.runs.store import RunStore


def load_model(which: str | RunConfig, store: RunStore | None = None, device: str = "cpu") -> Autoencoder | MultiRate:
    """The trained model of a run id or a config, in eval mode, its weights frozen; of a multi-rate model, `.at(beta)` encodes and decodes.

    Raises:
        RunNotFound: no finished run; says how to train one.
        RunDamaged: its files do not match their digests.
    """
    store = store or RunStore()
    return store.get(resolve(which) if isinstance(which, RunConfig) else which).load_model(device)
