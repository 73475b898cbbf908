"""How far latent dimensions follow the factors that images were made from, and whether the seed matters like beta.

*Decide* is `core.metrics.factor_claims`; this module phrases.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.metrics.disentanglement import FOLLOWS
from core.metrics.factor_claims import SCORES, Randomness
from core.metrics.verdicts import Row

NO_FACTOR = "no factor"


def followed_words(found: Sequence[tuple[int | None, float]], names: Sequence[str]) -> list[str]:
    """What each latent number follows, e.g. "hue, 61%"; see `core.metrics.disentanglement.followed`."""
    return [NO_FACTOR if k is None else f"{names[k]}, {share:.0%}" for k, share in found]


def followed_help(images: int) -> str:
    """What the labels of `followed_words` say, and how they were measured, on so many images."""
    return (
        "Below the rate or variance is the **factor** that the number tells most about, with the share of it that this "
        "number determines by itself: their mutual information, divided by the factor's entropy, over the codes of "
        f"{images:,} unseen images. *{NO_FACTOR.capitalize()}*: less than {FOLLOWS:.0%} of every factor, or an "
        "inactive unit. Such a number may still tell something together with others, and moving any number may "
        "change several factors."
    )


def without_unit(values: Sequence[str]) -> tuple[list[str], str]:
    """Levels without the unit that all of them end with, and that unit or "": "8 pixels" is "8" and "pixels"."""
    parts = [value.rpartition(" ") for value in values]
    units = {unit for number, _, unit in parts if number}
    if len(units) != 1 or not all(number for number, _, _ in parts):
        return list(values), ""
    return [number for number, _, _ in parts], units.pop()


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
