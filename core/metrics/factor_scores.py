"""The part "factors" of a run's scores: how far its latent dimensions follow the known factors of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.config import ACTIVE_NATS
from core.data.shape import as_pictures
from core.metrics.disentanglement import dci, explained, factor_vae_score, mig
from core.metrics.judge import spread

if TYPE_CHECKING:
    from core.latent.sampling import Codes
    from core.metrics.subject import Subject


def separation(
    train_codes: np.ndarray,
    train_levels: np.ndarray,
    codes: np.ndarray,
    levels: np.ndarray,
    active: np.ndarray | None = None,
) -> dict[str, float]:
    """All measures of `core.metrics.disentanglement`, by name; the arguments are those of its functions."""
    return {
        "mig": mig(codes, levels),
        **dci(train_codes, train_levels, codes, levels)._asdict(),
        "factor_vae": factor_vae_score(codes, levels, active),
    }


def active_dimensions(codes: Codes) -> np.ndarray | None:
    """bool (d,): whether the mean KL of a dimension exceeds `ACTIVE_NATS`; None for points, which have no KL."""
    if not codes.stddev.any():
        return None
    variance = np.square(codes.stddev, dtype=np.float64)
    kl = 0.5 * (np.square(codes.mean) + variance - 1 - np.log(variance))
    return kl.mean(0) > ACTIVE_NATS


def factors_part(s: Subject) -> dict[str, Any]:
    """Disentanglement of the posterior means, and of PCA codes of the same size as the control.

    Returns:
        the measures of `separation`; "explained", the share of each factor that each dimension determines by itself
        (d lists of k numbers); and "pca", the measures of the control.
    """
    known, d = s.dataset.factors, s.config.latent_dim
    assert known is not None, "only asked for where factors are known"
    train_levels, levels = known.train[spread(len(known.train), len(s.train[0]))], known.test[spread(len(known.test))]
    linear = s.pca.encode(as_pictures(s.train[0]), d), s.pca.encode(s.images, d)
    return {
        **separation(s.train_codes.mean, train_levels, s.codes.mean, levels, active_dimensions(s.codes)),
        "explained": explained(s.codes.mean, levels).tolist(),
        "pca": separation(linear[0], train_levels, linear[1], levels),
    }
