"""UMAP: the same maps as umap-learn's own, for a seed, and of collapsed and tiny sets of codes."""

import warnings

import numpy as np
import pytest
import torch
from example_codes import BLOBS, LABELS

from core.latent import umap_layout as layout_
from core.latent.neighbours import knn_accuracy, trustworthiness
from core.latent.projection import (
    pca,
    project,
    standardise,
)

RNG = np.random.default_rng(3)


def test_umap_keeps_separate_clusters_separate_and_neighbours_near():
    drawn = project(BLOBS)
    assert drawn.coordinates.shape == (240, 2) and drawn.coordinates.dtype == np.float32
    assert knn_accuracy(drawn.coordinates, LABELS) == 1
    centres = np.stack([drawn.coordinates[c == LABELS].mean(0) for c in range(4)])
    spread = max(drawn.coordinates[c == LABELS].std(axis=0).max() for c in range(4))
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() > 2 * spread
    assert drawn.trustworthiness > project(BLOBS, "pca").trustworthiness


def test_umap_is_the_same_for_a_seed_and_another_for_another():
    first, again, other = project(BLOBS, seed=5), project(torch.from_numpy(BLOBS), seed=5), project(BLOBS, seed=6)
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    assert not np.array_equal(first.coordinates, other.coordinates)


@pytest.fixture(scope="module")
def package():
    """umap-learn as it comes, its compiled code kept beside ours: it would take ten seconds in every session."""
    project(BLOBS[:10])  # imports it our way
    from numba.core.dispatcher import Dispatcher
    from umap import umap_, utils

    for module in (umap_, utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.__module__ == module.__name__ and function._can_compile:
                function.enable_caching()
    return umap_


CODES = np.random.default_rng(0).standard_normal((240, 6)) * [3, 2, 1, 1, 0.5, 0.5]


def drawn_by(reducer, codes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed means one thread; that new points cannot be added
        return reducer.fit_transform(codes)


def test_a_map_is_the_packages_own_bit_for_bit(package):
    """Given the same neighbours and the same start."""
    codes, start, near, distances = layout_._prepare(standardise(CODES), pca(standardise(CODES)), 15, seed=3)
    theirs = package.UMAP(
        n_neighbors=15,
        min_dist=0.1,
        n_epochs=50,
        init=start,
        precomputed_knn=(near, distances),
        random_state=3,
        n_jobs=1,
    )
    np.testing.assert_array_equal(
        layout_.layout(standardise(CODES), pca(standardise(CODES)), 15, seed=3, epochs=50), drawn_by(theirs, codes)
    )


def test_fewer_rounds_and_a_start_from_pca_cost_no_trustworthiness_against_umap_learns_defaults(package):
    """On average: a single map's differs by half of the hundredth from seed to seed."""
    theirs = [
        trustworthiness(CODES, drawn_by(package.UMAP(random_state=seed, init="pca"), standardise(CODES)))
        for seed in (0, 1)
    ]
    assert np.mean([project(CODES, seed=seed).trustworthiness for seed in (0, 1)]) > np.mean(theirs) - 0.01


@pytest.mark.parametrize("n", [3, 4, 10])
def test_fewer_codes_than_neighbours(n):
    drawn = project(BLOBS[:n])
    assert drawn.coordinates.shape == (n, 2) and np.isfinite(drawn.coordinates).all()
    assert 0 <= drawn.trustworthiness <= 1


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("method", ["pca", "native"])
def test_one_or_two_codes_are_drawn_and_not_measured(n, method):
    drawn = project(BLOBS[:n, :2], method)
    assert drawn.coordinates.shape == (n, 2) and np.isfinite(drawn.coordinates).all() and drawn.trustworthiness is None


def test_duplicates_and_one_dimension():
    twins = np.repeat(BLOBS[:10], 20, axis=0)
    for codes in (twins, BLOBS[:50, :1]):
        drawn = project(codes)
        assert np.isfinite(drawn.coordinates).all()


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_a_collapsed_space_is_one_point(method):
    drawn = project(np.full((40, 5), 0.3), method, reference=RNG.standard_normal((40, 2)))
    assert np.ptp(drawn.coordinates, axis=0).max() == 0
    assert drawn.trustworthiness is None and drawn.disparity == 1
