"""Whether single latent dimensions follow single factors, for images whose factors are known (`core.data.factors`).

    MIG              mean over factors v of  (I(z_a; v) - I(z_b; v)) / H(v)              Chen et al. 2018, section 4.1
                     z_a, z_b: the two dimensions that tell most about v
    DCI              from R_jk, the importance of dimension j for predicting factor k    Eastwood & Williams 2018, s. 2
      disentanglement  mean over dimensions, weighted by sum_k R_jk, of  1 - H(R_j. / sum_k R_jk) / ln k
      completeness     mean over factors of  1 - H(R_.k / sum_j R_jk) / ln d
      informativeness  accuracy of the predictions
    FactorVAE score  accuracy of guessing which factor was held fixed in a batch, from   Kim & Mnih 2018, section 4
                     the dimension that varies least in it

All are 1 for a code with exactly one dimension per factor. A rotation of such a code contains the same, but its MIG is
about 0. None depends on the order, signs or units of the dimensions, so the codes of an AE or of PCA can be measured
as well as the means of a VAE. With random codes MIG and DCI are about 0 and the FactorVAE score is about 1 / k.

As in Locatello et al. 2019 (appendix C), information is estimated from histograms with 20 bins of equal width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from core.errors import NotMeasurable

BINS = 20
TREES = 40
LEAF = 5  # images in a leaf, at least: limits how much a tree follows single images
TOGETHER = 64  # images with one factor held fixed
VOTES = 4000  # batches, half of them to learn from
# A dimension that determines less of every factor counts as following none. Histograms find about 0.03 in noise: 20
# bins, 8 levels, 1,000 images.
FOLLOWS = 0.1


class Dci(NamedTuple):
    """The three scores of DCI, each from 0 to 1."""

    disentanglement: float
    completeness: float
    informativeness: float


def entropies(levels: np.ndarray) -> np.ndarray:
    """H(v) of each factor in nats, (k,), from its levels (N, k)."""
    shares = [np.bincount(column) / len(column) for column in levels.T]
    return np.array([-(p[p > 0] * np.log(p[p > 0])).sum() for p in shares])


def binned(codes: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Codes (N, d) as numbers of bins of equal width between the extremes of each dimension, int64 (N, d)."""
    low, high = codes.min(0), codes.max(0)
    place = (codes - low) / np.where(high > low, high - low, 1) * bins
    return np.clip(place.astype(np.int64), 0, bins - 1)


def information(codes: np.ndarray, levels: np.ndarray, bins: int = BINS) -> np.ndarray:
    """I(z_j; v_k) in nats between every dimension and every factor, (d, k).

    With few images the estimate is too large by about (bins - 1) (levels - 1) / 2N, which differences mostly cancel.

    Args:
        codes: (N, d).
        levels: (N, k).
        bins: of each dimension.
    """
    cells, found = binned(codes, bins), np.zeros((codes.shape[1], levels.shape[1]))
    for j, z in enumerate(cells.T):
        for k, v in enumerate(levels.T):
            joint = np.bincount(z * (v.max() + 1) + v, minlength=bins * (v.max() + 1)).reshape(bins, -1) / len(v)
            apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            there = joint > 0
            found[j, k] = (joint[there] * np.log(joint[there] / apart[there])).sum()
    return found


def explained(codes: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """I(z_j; v_k) / H(v_k): the share of each factor that each dimension determines by itself, (d, k) from 0 to 1.

    Raises:
        NotMeasurable: a factor has the same level in all images.
    """
    entropy = entropies(levels)
    if not len(codes) or not entropy.all():
        raise NotMeasurable("a factor has the same level in all images, so there is nothing to tell apart.")
    return information(codes, levels) / entropy


def followed(codes: np.ndarray, levels: np.ndarray, active: np.ndarray | None = None) -> list[tuple[int | None, float]]:
    """For each dimension the factor that it determines best and the share that it determines of it, see `explained`.

    The factor is None where that share is below `FOLLOWS`.

    Args:
        codes: (N, d).
        levels: (N, k).
        active: bool (d,); None: all. The others follow no factor: the means of a dimension with almost no rate may
            depend on one, but by less than the posterior's noise hides.

    Raises:
        NotMeasurable: see `explained`.
    """
    shares = explained(codes, levels)
    if active is not None:
        shares = np.where(active[:, None], shares, 0.0)
    best = shares.argmax(1).tolist()
    return [(k if row[k] >= FOLLOWS else None, float(row[k])) for k, row in zip(best, shares, strict=True)]


def mig(codes: np.ndarray, levels: np.ndarray) -> float:
    """The mutual information gap of codes (N, d) and levels (N, k), from 0 to 1.

    Raises:
        NotMeasurable: see `explained`.
    """
    ranked = np.sort(np.vstack([explained(codes, levels), np.zeros(levels.shape[1])]), 0)  # d = 1: a gap to nothing
    return float((ranked[-1] - ranked[-2]).mean())


def _concentration(shares: np.ndarray) -> np.ndarray:
    """1 - H / ln n of each row of non-negative numbers (m, n): 1 if only one of them is not 0, 0 if all are equal."""
    total = shares.sum(1, keepdims=True)
    p = np.divide(shares, total, out=np.full(shares.shape, 1 / shares.shape[1]), where=total > 0)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    return 1 + (p * logs).sum(1) / np.log(shares.shape[1]) if shares.shape[1] > 1 else np.ones(len(shares))


def disentanglement(importance: np.ndarray) -> float:
    """The first score of DCI, from the importance of d dimensions for k factors (d, k)."""
    weights = importance.sum(1) / importance.sum()
    return float((weights * _concentration(importance)).sum())


def completeness(importance: np.ndarray) -> float:
    """The second score of DCI, from the importance of d dimensions for k factors (d, k)."""
    return float(_concentration(importance.T).mean())


def importances(
    train_codes: np.ndarray, train_levels: np.ndarray, codes: np.ndarray, levels: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """How much each dimension contributes to predicting each factor, (d, k), and the accuracy of each prediction (k,).

    The predictions are made by random forests, one of the two estimators of the paper. The other, a lasso regression,
    sees only what is linear. A dimension's importance is its share of the decrease in Gini impurity. At every split a
    tree may choose among all dimensions: choosing among a random few forces it to split by dimensions that tell
    nothing, and these would be given an importance.

    Args:
        train_codes, train_levels: (M, d) and (M, k), to which the forests are fitted.
        codes, levels: (N, d) and (N, k), on which the accuracy is measured.
        seed: of the forests.

    Raises:
        NotMeasurable: see `explained`.
    """
    from sklearn.ensemble import RandomForestClassifier

    if not len(train_codes) or not len(codes) or not entropies(train_levels).all():
        raise NotMeasurable("a factor has the same level in all images, so there is nothing to predict.")
    found: list[np.ndarray] = []
    accuracies: list[float] = []
    for k in range(levels.shape[1]):
        options: dict[str, Any] = {"max_features": None}  # scikit-learn's annotation, str, is too narrow
        forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed, **options)
        forest.fit(train_codes, train_levels[:, k])
        found.append(forest.feature_importances_)
        accuracies.append(float(forest.score(codes, levels[:, k])))
    return np.stack(found, 1), np.array(accuracies)


def dci(train_codes: np.ndarray, train_levels: np.ndarray, codes: np.ndarray, levels: np.ndarray, seed: int = 0) -> Dci:
    """The scores of DCI; arguments and errors are those of `importances`."""
    importance, accuracy = importances(train_codes, train_levels, codes, levels, seed)
    return Dci(disentanglement(importance), completeness(importance), float(accuracy.mean()))


def factor_vae_score(codes: np.ndarray, levels: np.ndarray, active: np.ndarray | None = None, seed: int = 0) -> float:
    """The FactorVAE score of codes (N, d) and levels (N, k), from about 1 / k to 1.

    Each batch has images with the same level of one factor. The dimension with the smallest variance in the batch,
    relative to its variance over all images, votes for that factor. Half of the votes decide which factor each
    dimension stands for, the other half measure how often that is right.

    Args:
        codes: (N, d).
        levels: (N, k).
        active: bool (d,), the dimensions that may vote. The paper leaves out dimensions of a VAE that follow the prior,
            as their means hardly vary. Dimensions that are constant never vote.
        seed: of the batches.

    Raises:
        NotMeasurable: see `explained`.
    """
    if not len(codes) or not entropies(levels).all():
        raise NotMeasurable("a factor has the same level in all images, so none can be held fixed.")
    spread = codes.std(0)
    voting = (spread > 0) if active is None else (spread > 0) & active
    scaled = codes[:, voting] / spread[voting] if voting.any() else np.zeros((len(codes), 1))
    rng, k, d = np.random.default_rng(seed), levels.shape[1], scaled.shape[1]
    votes = np.zeros((2, d, k), np.int64)
    for half, factors in enumerate(rng.integers(k, size=(2, VOTES // 2))):
        for factor in factors:
            column = levels[:, factor]
            members = np.flatnonzero(column == rng.choice(np.unique(column)))
            batch = scaled[rng.choice(members, TOGETHER)]
            votes[half, batch.var(0).argmin(), factor] += 1
    learned = votes[0].argmax(1)
    return float(votes[1, np.arange(d), learned].sum() / votes[1].sum())
