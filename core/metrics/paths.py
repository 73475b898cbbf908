"""What lies between two codes, and how far a small step moves the image.

    density at the middle    the density term (see `core.metrics.samples`) of the images halfway between two codes
    keep rate                of pairs of one class, the share whose whole path the judge calls that class
    path length              sum_t |x_t+1 - x_t| / |x_end - x_start| over the decoded path, in pixels; a straight line is 1

The control is the pixel cross-fade: two pictures mixed without any model. It is as short as a path can be, and is
off the data in the middle.

Steps are taken in codes **standardised per dimension** by the spread of sampled codes: an AE's codes are as wide as they
please, so a raw step of .1, or a raw Jacobian, compares nothing.

    |J|^2 = sum_j |dx/dz_j * s_j|^2       how far the image moves for one standard deviation
    flip rate at r                        share of steps z + r s (.) eps, eps ~ N(0, I), after which the judge names another class
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from core.config import AROUND
from core.errors import NotMeasurable
from core.latent.interpolation import KINDS, path
from core.latent.sampling import decode_all
from core.metrics.samples import local_density

if TYPE_CHECKING:
    from core.metrics.judge import Judge, Reference
    from core.models.build import Model


STEPS = 11  # of a path, both ends included; odd, so that there is a middle
PAIRS = 200
RELATIVE_STEPS = (0.05, 0.1, 0.2, 0.5)
DIRECTIONS = 8


def pairs(labels: np.ndarray, same: bool, n: int = PAIRS, seed: int = 0) -> np.ndarray:
    """n pairs of different images of the same class, or of different classes: indices (n, 2).

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
    """Length of a path of images (steps, ...) over the straight line between its ends: 1 or more; None where the ends are equal."""
    flat = frames.reshape(len(frames), -1).astype(np.float64)
    straight = np.linalg.norm(flat[-1] - flat[0])
    return float(np.linalg.norm(np.diff(flat, axis=0), axis=1).sum() / straight) if straight > 0 else None


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the figures there are; None without any."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def measure_paths(
    judge: Judge, reference: Reference, same: np.ndarray, different: np.ndarray, labels: np.ndarray
) -> dict[str, float | None]:
    """The three figures for decoded paths; None where there is no such path.

    Args:
        same, different: paths between images of one class and of two, (P, steps, 28, 28) in [0, 1]; P may be 0 in one of them.
        labels: the class of each path in `same`, (P,).
    """
    both = np.concatenate([same, different])
    middles = judge.look(both[:, both.shape[1] // 2])[0]
    density = local_density(middles, reference.features, reference.radii)
    named = (
        judge.name(same.reshape(-1, 28, 28)).reshape(same.shape[:2])
        if len(same)
        else np.empty(same.shape[:2], np.int64)
    )
    return {
        "midpoint_density": float(density.mean()),
        "midpoint_density_same": mean(density[: len(same)]),
        "midpoint_density_different": mean(density[len(same) :]),
        "keep_rate": mean((named == labels[:, None]).all(1)),
        "path_length": mean(path_length(frames) for frames in both),
    }


def interpolation(
    model: Model, judge: Judge, reference: Reference, codes: np.ndarray, n: int = PAIRS
) -> dict[str, dict[str, float]]:
    """`measure_paths` for straight lines and arcs between codes (posterior means of the reference images), and for the cross-fade.

    Raises:
        NotMeasurable: too few reference images.
    """
    _ = reference.radii  # before anything is decoded
    chosen = []
    for same in (True, False):
        try:
            chosen.append(pairs(reference.labels, same, n))
        except NotMeasurable:  # one image per class, or one class: at most one of the two kinds is missing
            chosen.append(np.empty((0, 2), np.int64))
    labels = reference.labels[chosen[0][:, 0]]
    result = {}
    for kind in KINDS:
        ways = [
            np.concatenate(
                [np.empty((0, codes.shape[1]), np.float32), *(path(codes[a], codes[b], STEPS, kind) for a, b in group)]
            )
            for group in chosen
        ]
        result[kind] = measure_paths(
            judge, reference, *(decode_all(model, z).reshape(-1, STEPS, 28, 28) for z in ways), labels
        )
    images = reference.images[:, 0].astype(np.float32) / 255
    t = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None, None]
    fades = [(1 - t) * images[group[:, 0], None] + t * images[group[:, 1], None] for group in chosen]
    return {**result, "cross_fade": measure_paths(judge, reference, *fades, labels)}


def jacobian(model: Model, codes: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The decoder's Jacobian dx/dz at codes (N, d), by central differences: (N, 784, d).

    Args:
        scale: (d,), standard deviation of the codes; the differences are taken over a hundredth of it either way.
    """
    columns = []
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
    """Share of random steps of `step` standard deviations per dimension that change the class the judge gives the decoded image.

    Args:
        codes: (N, d); each is moved in `directions` random directions.
        scale: (d,), standard deviation of the codes per dimension.
    """
    noise = np.random.default_rng(seed).standard_normal((directions, *codes.shape))
    before = judge.name(decode_all(model, codes))
    after = judge.name(decode_all(model, (codes + step * scale * noise).reshape(-1, codes.shape[1])))
    return float((after.reshape(directions, -1) != before).mean())


def smoothness(
    model: Model, judge: Judge, mean: np.ndarray, z: np.ndarray, n: int = AROUND
) -> dict[str, float | dict[str, float]]:
    """Jacobian norms and flip rates around the first n posterior means (N, d), in units of the spread of sampled codes z (N, d).

    Returns:
        jacobian: mean Frobenius norm in standardised codes; jacobian_largest: its largest singular value alone;
        jacobian_raw: in the codes as they are, which compares models by how wide their codes happen to be;
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
