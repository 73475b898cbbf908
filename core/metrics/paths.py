"""Images between two codes, and the change of an image after a small step.

    midpoint density    the density term (see `core.metrics.samples`) of the images halfway between two codes
    keep rate           of pairs of the same class, the fraction whose whole path is classified as that class
    path length         sum_t |x_t+1 - x_t| / |x_end - x_start| over the decoded path, in pixels; 1 for a straight line

The control is the pixel cross-fade: two images mixed without a model. It is the shortest path, and its middle is far
from the data.

Steps are taken in codes **standardised per dimension** by the standard deviation s of sampled codes: the scale of an
AE's codes is arbitrary, so raw steps and raw Jacobians of different models cannot be compared.

    |J|^2 = sum_j |dx/dz_j * s_j|^2       the change of the image per standard deviation
    flip rate at r                        fraction of steps z + r s (.) eps, eps ~ N(0, I), that change the class
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from core.config import AROUND
from core.data.shape import as_pictures
from core.errors import NotMeasurable
from core.latent.interpolation import KINDS, path
from core.latent.sampling import decode_all
from core.metrics.samples import local_density

if TYPE_CHECKING:
    from core.metrics.judge import Judge, Reference
    from core.models.build import Model


STEPS = 11  # of a path, including both ends; odd, so that there is a midpoint
PAIRS = 200
RELATIVE_STEPS = (0.05, 0.1, 0.2, 0.5)
DIRECTIONS = 8


def pairs(labels: np.ndarray, same: bool, n: int = PAIRS, seed: int = 0) -> np.ndarray:
    """Indices (n, 2) of pairs of different images, of the same class or of different classes.

    Args:
        labels: classes (N,).
        same: whether the two images of a pair are of the same class.
        n: number of pairs; pairs are repeated if there are fewer.
        seed: of the choice.

    Raises:
        NotMeasurable: there is no such pair.
    """
    rng = np.random.default_rng(seed)
    equal = labels[:, None] == labels[None]
    np.fill_diagonal(equal, not same)
    rows, columns = np.nonzero(equal == same)
    if not len(rows):
        raise NotMeasurable(
            f"no two images of {'the same class' if same else 'different classes'} among {len(labels)}."
        )
    chosen = rng.choice(len(rows), n, replace=len(rows) < n)
    return np.stack([rows[chosen], columns[chosen]], 1)


def path_length(frames: np.ndarray) -> float | None:
    """Length of a path of images (steps, ...) relative to the straight line; None if both ends are equal."""
    flat = frames.reshape(len(frames), -1).astype(np.float64)
    straight = np.linalg.norm(flat[-1] - flat[0])
    return float(np.linalg.norm(np.diff(flat, axis=0), axis=1).sum() / straight) if straight > 0 else None


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None; None if there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def measure_paths(
    judge: Judge, reference: Reference, same: np.ndarray, different: np.ndarray, labels: np.ndarray
) -> dict[str, float | None]:
    """The three figures for decoded paths; None for a figure without paths.

    Args:
        judge: classifies the images.
        reference: the real images.
        same, different: paths between images of the same class and of different classes, (P, steps, ...) pictures;
            P may be 0 in one of them.
        labels: the class of each path in `same`, (P,).
    """
    both = np.concatenate([same, different])
    middles = judge.features_and_probabilities(both[:, both.shape[1] // 2])[0]
    density = local_density(middles, reference.features, reference.radii)
    predicted = np.empty(same.shape[:2], np.int64)
    if len(same):
        predicted = judge.predict(same.reshape(-1, *same.shape[2:])).reshape(same.shape[:2])
    return {
        "midpoint_density": float(density.mean()),
        "midpoint_density_same": mean(density[: len(same)]),
        "midpoint_density_different": mean(density[len(same) :]),
        "keep_rate": mean((predicted == labels[:, None]).all(1)),
        "path_length": mean(path_length(frames) for frames in both),
    }


def interpolation(
    model: Model, judge: Judge, reference: Reference, codes: np.ndarray, n: int = PAIRS
) -> dict[str, dict[str, float | None]]:
    """`measure_paths` of straight lines and arcs between codes, and of the pixel cross-fade, by kind of path.

    Args:
        model: decodes the paths.
        judge: classifies the images.
        reference: the real images.
        codes: posterior means of the reference images, (N, d).
        n: number of pairs of each kind.

    Raises:
        NotMeasurable: too few reference images.
    """
    _ = reference.radii  # raises before anything is decoded
    images = as_pictures(reference.images)
    t = np.linspace(0, 1, STEPS, dtype=np.float32).reshape(-1, *(1,) * (images.ndim - 1))

    def choose(same: bool) -> np.ndarray:
        try:
            return pairs(reference.labels, same, n)
        except NotMeasurable:  # one image per class, or one class: at most one of the two kinds is missing
            return np.empty((0, 2), np.int64)

    def decoded(chosen: np.ndarray, kind: str) -> np.ndarray:
        codes_of_paths = [path(codes[a], codes[b], STEPS, kind) for a, b in chosen]
        z = np.concatenate([np.empty((0, codes.shape[1]), np.float32), *codes_of_paths])
        return decode_all(model, z).reshape(-1, STEPS, *images.shape[1:])

    def faded(chosen: np.ndarray) -> np.ndarray:
        return (1 - t) * images[chosen[:, 0], None] + t * images[chosen[:, 1], None]

    same, different = choose(True), choose(False)
    labels = reference.labels[same[:, 0]]
    result = {
        kind: measure_paths(judge, reference, decoded(same, kind), decoded(different, kind), labels) for kind in KINDS
    }
    return {**result, "cross_fade": measure_paths(judge, reference, faded(same), faded(different), labels)}


def jacobian(model: Model, codes: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The decoder's Jacobian dx/dz at codes (N, d), by central differences: (N, P, d).

    Args:
        model: decodes.
        codes: where the Jacobian is taken.
        scale: standard deviation of the codes, (d,); the differences are taken over a hundredth of it to either side.
    """
    columns: list[np.ndarray] = []
    for j, h in enumerate(np.maximum(0.01 * scale, 1e-4)):
        shift = np.zeros(codes.shape[1], np.float32)
        shift[j] = h
        ahead, behind = decode_all(model, codes + shift), decode_all(model, codes - shift)
        columns.append((ahead - behind).reshape(len(codes), -1) / (2 * h))
    return np.stack(columns, 2)


def flip_rate(
    model: Model,
    judge: Judge,
    codes: np.ndarray,
    scale: np.ndarray,
    step: float,
    directions: int = DIRECTIONS,
    seed: int = 0,
) -> float:
    """The fraction of random steps after which the judge gives the decoded image another class.

    Args:
        model: decodes.
        judge: classifies.
        codes: (N, d); each is moved in `directions` random directions.
        scale: standard deviation of the codes per dimension, (d,).
        step: length of a step, in standard deviations per dimension.
        directions: steps per code.
        seed: of the directions.
    """
    noise = np.random.default_rng(seed).standard_normal((directions, *codes.shape))
    before = judge.predict(decode_all(model, codes))
    after = judge.predict(decode_all(model, (codes + step * scale * noise).reshape(-1, codes.shape[1])))
    return float((after.reshape(directions, -1) != before).mean())


def smoothness(
    model: Model, judge: Judge, mean: np.ndarray, z: np.ndarray, n: int = AROUND
) -> dict[str, float | dict[str, float]]:
    """Jacobian norms and flip rates around the first n posterior means.

    Args:
        model: decodes.
        judge: classifies.
        mean: posterior means (N, d).
        z: sampled codes (N, d); their standard deviation is the unit of all steps.
        n: number of codes.

    Returns:
        jacobian: mean Frobenius norm in standardised codes; jacobian_largest: mean of the largest singular value;
        jacobian_raw: mean Frobenius norm without standardisation, which depends on the arbitrary scale of the codes;
        flip_rate: by step.
    """
    scale = z.std(0)
    raw = jacobian(model, mean[:n], scale)
    standardised = raw * scale
    return {
        "jacobian": float(np.linalg.norm(standardised, axis=(1, 2)).mean()),
        "jacobian_largest": float(np.linalg.norm(standardised, 2, axis=(1, 2)).mean()),
        "jacobian_raw": float(np.linalg.norm(raw, axis=(1, 2)).mean()),
        "flip_rate": {f"{step:g}": flip_rate(model, judge, mean[:n], scale, step) for step in RELATIVE_STEPS},
    }
