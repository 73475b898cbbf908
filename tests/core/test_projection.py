"""Projections of codes to two dimensions, and how well neighbours are kept there."""

import numpy as np
import pytest
from example_codes import BLOBS, LABELS, rotation

from core.latent.neighbours import knn_accuracy, trustworthiness
from core.latent.projection import (
    ProjectionError,
    pca,
    plane_of,
    procrustes,
    project,
    standardise,
)

RNG = np.random.default_rng(3)


# Procrustes


@pytest.mark.parametrize("mirror", [1, -1])
def test_procrustes_undoes_rotation_mirror_scale_and_shift(mirror):
    shape = RNG.standard_normal((50, 2))
    moved = 3.7 * shape @ rotation(115) * [1, mirror] + [20, -4]
    aligned, disparity = procrustes(moved, shape)
    np.testing.assert_allclose(aligned, shape, atol=1e-5)
    assert disparity == pytest.approx(0, abs=1e-9)


def test_procrustes_is_scipys_disparity_and_keeps_the_references_size():
    from scipy.spatial import procrustes as scipy_procrustes

    x, y = RNG.standard_normal((80, 2)), RNG.standard_normal((80, 2)) * [3, 1] + 5
    aligned, disparity = procrustes(x, y)
    assert disparity == pytest.approx(scipy_procrustes(y, x)[2], abs=1e-9)
    assert 0.8 < disparity <= 1  # two random clouds have no common shape
    assert np.linalg.norm(aligned - aligned.mean(0)) == pytest.approx(np.linalg.norm(y - y.mean(0)), rel=1e-5)
    np.testing.assert_allclose(aligned.mean(0), y.mean(0), atol=1e-5)


def test_another_number_of_points_cannot_be_a_reference():
    with pytest.raises(ProjectionError, match=r"\(240, 2\).*\(239, 2\)"):
        project(BLOBS, "pca", reference=np.zeros((239, 2)))


# PCA and standardisation


def test_pca_finds_the_plane_and_its_sign_does_not_depend_on_the_codes_sign_convention():
    plane = RNG.standard_normal((200, 2)) * [5, 2]
    basis = np.linalg.qr(RNG.standard_normal((7, 7)))[0][:2]
    found = pca(plane @ basis)
    assert procrustes(found, plane)[1] == pytest.approx(0, abs=1e-6)
    assert found[:, 0].var() > found[:, 1].var()
    codes = plane @ basis
    np.testing.assert_allclose(pca(codes[::-1])[::-1], found, atol=1e-9)  # order of the rows does not matter either


def test_a_dead_dimension_is_not_blown_up():
    live = RNG.standard_normal((300, 3)) * [1.0, 0.7, 1.2]
    dead = 0.1 * RNG.standard_normal((300, 4))
    scaled = standardise(np.hstack([live, dead]))
    np.testing.assert_allclose(scaled[:, :3].std(0), 1)
    assert scaled[:, 3:].std(0).max() < 0.2
    # and so the map is that of the live dimensions
    assert procrustes(pca(scaled), pca(standardise(live)))[1] < 0.02


# Neighbours on the map and in the space


def test_trustworthiness_is_its_definition():
    codes, coordinates, n, k = RNG.standard_normal((60, 5)) + 50, RNG.standard_normal((60, 2)), 60, 10
    for image in (coordinates, codes[:, :2]):
        penalty = 0
        for i in range(n):
            others = [j for j in range(n) if j != i]
            rank = sorted(others, key=lambda j: np.linalg.norm(codes[i] - codes[j]))
            near = sorted(others, key=lambda j: np.linalg.norm(image[i] - image[j]))[:k]
            penalty += sum(max(0, rank.index(j) + 1 - k) for j in near)
        expected = 1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1))
        assert trustworthiness(codes, image, k) == pytest.approx(expected, abs=1e-12)


def test_a_native_map_is_the_space_itself():
    codes = RNG.standard_normal((400, 2)).astype(np.float32) * 30 + 100
    native = project(codes, "native")
    np.testing.assert_array_equal(native.coordinates, codes)
    assert native.trustworthiness == 1
    line = project(codes[:, :1], "native")
    np.testing.assert_array_equal(line.coordinates, np.c_[codes[:, 0], np.zeros(400)])
    turned = project(codes @ rotation(30), "native", reference=native)
    assert turned.disparity == pytest.approx(0, abs=1e-6)
    assert not np.allclose(turned.coordinates, codes), (
        "a native map keeps its own axes: the prior's circles belong to them"
    )


def test_knn_accuracy_of_clusters_and_of_shuffled_labels():
    assert knn_accuracy(BLOBS, LABELS) == 1
    shuffled = np.random.default_rng(0).permutation(LABELS)
    assert knn_accuracy(BLOBS, shuffled) < 0.4  # chance is 1/4


def test_knn_accuracy_leaves_the_code_itself_out_and_the_nearest_wins_a_tie():
    line = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert knn_accuracy(line, [0, 1, 0, 1], k=1) == 0  # only itself has its class
    assert knn_accuracy(np.array([[0.0], [1.0], [-1.5]]), [1, 1, 0], k=2) == pytest.approx(2 / 3)


# The plane of a drawing


@pytest.mark.parametrize("d", [3, 6])
def test_the_plane_does_not_depend_on_the_order_of_the_images_and_has_one_sign(d):
    codes = BLOBS[:, :d] + 5
    basis, offset = plane_of(codes)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-6)
    assert (basis[[0, 1], np.abs(basis).argmax(1)] > 0).all()
    shuffled = plane_of(RNG.permutation(codes))
    np.testing.assert_allclose(shuffled[0], basis, atol=1e-6)
    drawn = codes @ basis.T + offset
    np.testing.assert_allclose(drawn.mean(0), 0, atol=1e-4)
    assert drawn[:, 0].var() > drawn[:, 1].var() > 0
    np.testing.assert_allclose(drawn, pca(codes), atol=1e-4)


def test_two_equally_large_entries_do_not_make_the_sign_a_matter_of_rounding():
    line = (
        np.linspace(-1, 1, 41)[:, None] * np.array([1.0, -1.0, 0.0])
        + np.array([0, 0, 1.0]) * np.cos(np.arange(41))[:, None] * 0.1
    )
    signs = {
        tuple(np.sign(plane_of(line * scale + shift)[0][0][:2]))
        for scale in (1, 0.3, 7e-3, -1, -0.7)
        for shift in (0, 1e-3, 11)
    }
    assert signs == {(1.0, -1.0)}


@pytest.mark.parametrize("d", [1, 2])
def test_the_plane_of_one_or_two_numbers_is_the_latent_space(d):
    basis, offset = plane_of(BLOBS[:, :d])
    np.testing.assert_allclose(BLOBS[:5, :d] @ basis.T + offset, np.pad(BLOBS[:5, :d], ((0, 0), (0, 2 - d))), rtol=1e-6)


@pytest.mark.parametrize("codes", [np.ones((1, 4)), np.full((30, 4), 0.3)])
def test_codes_without_extent_have_a_plane_too(codes):
    basis, offset = plane_of(codes)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(codes @ basis.T + offset, 0, atol=1e-6)


# Bad input


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        (BLOBS, {"method": "tsne"}, "'tsne'.*umap, pca, native"),
        (BLOBS, {"method": "native"}, "6 dimensions.*umap or pca"),
        (BLOBS[:2], {}, "2 codes.*at least 3"),
        (BLOBS[0], {}, r"\(6,\)"),
        (np.where(np.arange(240)[:, None] == 7, np.nan, BLOBS), {}, "1 of 240.*row 7"),
        (BLOBS, {"neighbours": 1}, "neighbours=1"),
        (BLOBS, {"seed": -1}, "seed=-1"),
        (BLOBS, {"epochs": 0}, "epochs=0"),
    ],
)
def test_unusable_codes_and_options_are_named(codes, options, message):
    with pytest.raises(ProjectionError, match=message):
        project(codes, **options)


# The benchmark


def test_the_benchmark_past_its_limit_says_what_is_missing(capsys):
    from tests.benchmarks import bench_projection

    assert bench_projection.main(["--codes", "5", "--limit", "0", "--repeats", "1"]) == 1
    missing = [line for line in capsys.readouterr().out.splitlines() if line.startswith("missing: ")]
    assert len(missing) == 4 and all("within the limit" in line for line in missing)
