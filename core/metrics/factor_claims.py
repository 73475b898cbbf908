"""Claims about disentanglement, decided where the factors of the images are known, and what the seed changes.

The claims are decided as those in `core.metrics.claims`. Locatello et al. 2019 found besides
that the seed changes the scores as much as beta does, so that a bad beta with a good seed beats a good beta with a bad
seed; `randomness` compares both on the measured runs.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from core.metrics.verdicts import Case, Claim, Measure, Population, Row, Stat, decide, show

LEAST = 0.02  # scores from 0 to 1: smaller differences count as none
# Names of the scores, by their key in the part "factors" of a run.
SCORES = {
    "mig": "MIG",
    "disentanglement": "DCI disentanglement",
    "completeness": "DCI completeness",
    "informativeness": "DCI informativeness",
    "factor_vae": "FactorVAE score",
}
DECIDE = ("mig", "disentanglement", "factor_vae")  # those that ask about single dimensions
BETAS = (1.0, 2.5, 4.0, 10.0)  # measured with several seeds
SIMILAR = 0.75  # of two standard deviations, if the smaller one is at least this part of the larger one


def role(beta: float) -> str:
    """The role of a VAE with this KL weight, by which scores are found."""
    return f"vae beta {beta:g}"


def _vae(beta: float, score: str) -> Measure:
    return Measure(role(beta), f"factors/{score}", f"VAE (β = {beta:g})")


def _case(first: Measure, other: Measure, score: str, label: str = "") -> Case:
    named = f"in {SCORES[score]}"
    return Case(label or named, first, ">", other, digits=3, detail=named if label else "", least=LEAST)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "beta-separates",
        "A bigger β separates the factors.",
        "How far each factor has a latent dimension of its own: MIG, DCI disentanglement and FactorVAE score",
        "kl_weight",
        tuple(
            _case(_vae(high, score), _vae(low, score), score, f"from β = {low:g} to {high:g}")
            for low, high in ((1.0, 4.0), (4.0, 10.0))
            for score in DECIDE
        ),
    ),
    Claim(
        "vae-separates",
        "A VAE separates the factors better than an AE.",
        "The same measures for the codes of both models, β = 1",
        "latent_maps",
        tuple(_case(_vae(1.0, score), Measure("ae", f"factors/{score}", "AE"), score) for score in DECIDE),
    ),
    Claim(
        "vae-separates-pca",
        "A VAE separates the factors better than PCA.",
        "The same measures for the codes of the VAE, β = 1, and as many principal components",
        "latent_maps",
        tuple(_case(_vae(1.0, score), Measure(role(1.0), f"factors/pca/{score}", "PCA"), score) for score in DECIDE),
    ),
)


def decided(scores: Population) -> list[Row]:
    """Every claim about factors with its figures, verdict and condition."""
    return [decide(claim, scores) for claim in CLAIMS]


@dataclass(frozen=True)
class Randomness:
    """What the seed and what beta change about a score.

    Attributes:
        over_seeds: standard deviation over seeds with one beta, root mean square over the betas.
        over_betas: standard deviation over betas of the mean over seeds.
        best, worst: the betas with the highest and the lowest mean.
        overtaken: share of pairs of one run with the worst beta and one with the best, in which the former scores
            higher.
        seeds: number of seeds.
    """

    over_seeds: float
    over_betas: float
    best: float
    worst: float
    overtaken: float
    seeds: int

    @property
    def seed_matters(self) -> str:
        """ "as much" as beta, "more" or "less"."""
        smaller, larger = sorted((self.over_seeds, self.over_betas))
        if smaller >= SIMILAR * larger:
            return "as much"
        return "more" if self.over_seeds > self.over_betas else "less"


def randomness(scores: Population, score: str) -> Randomness | None:
    """Compare the effects of seed and beta on a score; None unless two betas of `BETAS` have at least two seeds.

    Args:
        scores: see `core.metrics.scorecard.population`.
        score: a key of `SCORES`.
    """
    by_beta = {beta: list(_vae(beta, score).values(scores).values()) for beta in BETAS}
    known = {beta: values for beta, values in by_beta.items() if len(values) > 1}
    if len(known) < 2:
        return None
    means = {beta: statistics.fmean(values) for beta, values in known.items()}
    best, worst = max(means, key=lambda beta: means[beta]), min(means, key=lambda beta: means[beta])
    pairs = [(low, high) for low in known[worst] for high in known[best]]
    return Randomness(
        over_seeds=statistics.fmean(statistics.variance(values) for values in known.values()) ** 0.5,
        over_betas=statistics.stdev(means.values()),
        best=best,
        worst=worst,
        overtaken=sum(low > high for low, high in pairs) / len(pairs),
        seeds=min(len(values) for values in known.values()),
    )


def _figure(measure: Measure, scores: Population) -> str:
    values = tuple(measure.values(scores).values())
    if not values:
        return "–"
    spread = statistics.stdev(values) if len(values) > 1 else None
    return show(Stat(measure.name, measure.role, statistics.fmean(values), spread, values), 3)


def table(scores: Population, where: str) -> str:
    """Every score of every model, and what seed and beta change about it, as a markdown table.

    Args:
        scores: see `core.metrics.scorecard.population`.
        where: data set and latent size, in words.
    """
    columns: dict[str, Callable[[str], Measure]] = {
        "PCA": lambda score: Measure(role(1.0), f"factors/pca/{score}", "PCA"),
        "AE": lambda score: Measure("ae", f"factors/{score}", "AE"),
    }
    heads = [*columns, *(f"VAE, β = {beta:g}" for beta in BETAS), "spread over seeds", "spread over β"]
    lines = [f"| {where} | {' | '.join(heads)} |", "|---" + "|--:" * len(heads) + "|"]
    for score, name in SCORES.items():
        cells = [_figure(make(score), scores) for make in columns.values()]
        cells += [_figure(_vae(beta, score), scores) for beta in BETAS]
        found = randomness(scores, score)
        cells += ["–", "–"] if found is None else [f"{found.over_seeds:.3f}", f"{found.over_betas:.3f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def markdown(scores: Population, where: str) -> str:
    """The README's tables: `table`, and the claims with their verdicts; arguments as there."""
    lines = [table(scores, where), "", "| claim | verdict | condition |", "|---|---|---|"]
    lines += [f"| {row.sentence} | {row.verdict} | {row.condition} |" for row in decided(scores)]
    return "\n".join(lines)
