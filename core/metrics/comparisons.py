"""Questions that several pages ask about a pair of models, each with one rule for its answer.

Whose images change class more often after a small step, which model reconstructs more precisely, whose samples are
nearer to real images, whose codes separate the classes better: the answer is a model only if all seeds agree
(`core.metrics.verdicts.larger`). The claims of the scorecard use the same margins.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.metrics.verdicts import larger

# Flip rates: at least 10 % apart and at least a percentage point, which is the resolution of 250 images.
FLIP_MARGIN, FLIP_LEAST = 0.1, 0.01
SAME_ERROR = 0.02  # squared errors within 2 % of each other count as equal
# Accuracies: two standard errors of the difference of two fractions of 1,000 images, near a fraction of 0.7.
SAME_ACCURACY = 0.04


def changes_class_more(ae: Sequence[float], vae: Sequence[float]) -> str:
    """Whose images change class more often after a small step: "ae", "vae", or "neither" unless all seeds agree.

    Args:
        ae, vae: flip rates (see `core.metrics.paths.flip_rate`), one value per seed, the same seeds in the same order.
    """
    return {"left": "ae", "right": "vae"}.get(larger(ae, vae, FLIP_MARGIN, FLIP_LEAST), "neither")


def more_precise(ae: Sequence[float], vae: Sequence[float]) -> str:
    """Which model reconstructs with less squared error: "ae", "vae", or "neither" unless all seeds agree.

    Args:
        ae, vae: mean squared errors, one value per seed, the same seeds in the same order.
    """
    return {"left": "vae", "right": "ae"}.get(larger(ae, vae, SAME_ERROR), "neither")


def nearer(first: Sequence[float], second: Sequence[float]) -> str:
    """Whose samples are nearer to real images: "first", "second", or "neither" unless all seeds agree.

    Args:
        first, second: Frechet distances, one value per seed, the same seeds in the same order.
    """
    return {"left": "second", "right": "first"}.get(larger(first, second), "neither")


def better_separated(ae: Sequence[float], vae: Sequence[float]) -> str:
    """Whose codes separate the classes better: "ae", "vae", or "neither" unless all seeds agree.

    Args:
        ae, vae: accuracies of predicting the class from the code, one value per seed, the same seeds in the same order.
    """
    return {"left": "ae", "right": "vae"}.get(larger(ae, vae, 0, SAME_ACCURACY), "neither")
