"""The trained model of a run id or a config."""

from __future__ import annotations

from core.config import RunConfig
from core.data.datasets import resolve
from core.models.multirate import MultiRate
from core.models.networks import Autoencoder
from core.runs.store import RunStore


def load_model(which: str | RunConfig, store: RunStore | None = None, device: str = "cpu") -> Autoencoder | MultiRate:
    """The trained model in eval mode, with frozen weights; `.at(beta)` of a multi-rate model encodes and decodes.

    Args:
        which: a run id, or a config (of which the digest of the data may be missing).
        store: where runs are kept; by default the user's cache and the shipped runs.
        device: where the model is loaded.

    Raises:
        RunNotFound: there is no finished run; says how to train one.
        RunDamaged: its files do not match their digests.
    """
    store = store or RunStore()
    return store.get(resolve(which) if isinstance(which, RunConfig) else which).load_model(device)
