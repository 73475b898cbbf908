"""How far latent dimensions follow the factors that images were made from, and whether the seed matters like beta.

*Decide* is `core.metrics.factor_claims`; this module phrases.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.metrics.factor_claims import SCORES, Randomness
from core.metrics.verdicts import Row


def factors_takeaway(rows: Sequence[Row]) -> str:
    """The verdict on each claim, in one sentence each."""
    return " ".join(f"“{row.sentence.rstrip('.')}”: **{row.verdict}**." for row in rows)


def seed_beside_beta(found: Randomness | None, score: str = "mig") -> str:
    """What Locatello et al. 2019 found about seeds, and whether it is so here; "" if too few models were measured."""
    if found is None:
        return ""
    here = {"as much": "about as much", "more": "more than β does", "less": "less than β does"}[found.seed_matters]
    return (
        "In a study of 12,000 models ([Locatello et al. 2019](https://arxiv.org/abs/1811.12359)) the seed mattered as "
        f"much as β. Here it changes the {SCORES[score]} {here}, as far as {found.seeds} seeds tell: its standard "
        f"deviation is {found.over_seeds:.3f} between seeds of one β and {found.over_betas:.3f} between values of "
        f"β. A model with the worst β ({found.worst:g}) scores higher than one with the best "
        f"({found.best:g}) in {found.overtaken:.0%} of pairs."
    )
