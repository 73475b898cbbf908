"""The scorecard: how many of the common claims hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS, UNKNOWN


def _count(n: int, verb: str, verbs: str) -> str:
    return f"**{n}** {verb if n == 1 else verbs}"


def scorecard_takeaway(verdicts: Sequence[str], runs: int) -> str:
    """How many of the claims hold, do not hold, and depend on the case.

    Args:
        verdicts: one word of `core.metrics.verdicts` per claim.
        runs: how many trained models were compared.
    """
    count = Counter(verdicts)
    if count[UNKNOWN] == len(verdicts):
        return "Nothing has been measured for these models yet."
    rest = f" {count[UNKNOWN]} could not be measured here." if count[UNKNOWN] else ""
    return (
        f"Of **{len(verdicts)}** common claims about autoencoders and VAEs, "
        f"{_count(count[HOLDS], 'holds', 'hold')} in every measured case, "
        f"{_count(count[DOES_NOT], 'does', 'do')} not, and "
        f"{_count(count[DEPENDS], 'depends', 'depend')} on the data, the latent size or the measure.{rest} "
        f"All verdicts are computed from {runs} trained models."
    )
