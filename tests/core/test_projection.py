import shutil
import warnings

import numpy as np
import pytest
import torch

from core.data.datasets import load_dataset
from core.files import npz_bytes
from core.latent import umap_layout as layout_
from core.latent.neighbours import knn_accuracy, trustworthiness
from core.latent.projection import (
    ProjectionError,
    align,
    pca,
    plane_of,
    procrustes,
    project,
    project_pair,
    standardise,
)
from core.latent.run_maps import project_run, project_task, reference_for
from core.runs.run import Run
from core.runs.store import RunStore

RNG = np.random.default_rng(3)
LABELS = np.repeat(np.arange(4), 60)
BLOBS = (
    RNG.standard_normal((240, 6)) + 8 * RNG.standard_normal((4, 6))[LABELS]
)  # four separate clusters in 6 dimensions


def rotation(degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


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


# UMAP


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


# Pairs and runs


def test_a_pair_is_drawn_in_one_frame():
    turn = np.linalg.qr(RNG.standard_normal((6, 6)))[0]
    first, second = project_pair(BLOBS, BLOBS * 2 + 1, "pca")
    assert first.disparity is None and second.disparity == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(first.coordinates, second.coordinates, atol=1e-4)
    first, second = project_pair(BLOBS, BLOBS @ turn, "pca")
    raw = project(BLOBS @ turn, "pca").coordinates
    assert np.linalg.norm(second.coordinates - first.coordinates) <= np.linalg.norm(raw - first.coordinates)


def test_a_run_keeps_its_maps_turned_onto_the_reference(trained):
    dataset = load_dataset("tiny")
    ae, vae = trained["ae"], trained["vae"]
    arrays, own = project_run(vae, ae, dataset), project_run(ae, None, dataset)
    n = len(dataset.test_labels)
    assert {name: a.shape for name, a in arrays.items()} == {
        "pca": (n, 2),
        "umap_0": (n, 2),
        "umap_1": (n, 2),
        "umap_2": (n, 2),
        "trust_pca": (),
        "trust_umap": (3,),
        "disparity_pca": (),
        "disparity_umap": (3,),
        "knn_accuracy": (),
    }
    assert all(a.dtype == np.float32 for a in arrays.values())
    assert np.isnan(own["disparity_pca"]) and np.isnan(own["disparity_umap"]).all()
    codes = vae.arrays("gallery.npz")["mean"]
    for name in ("pca", "umap_0", "umap_2"):
        trust, disparity = (arrays[f"{kind}_{name[:4].rstrip('_')}"] for kind in ("trust", "disparity"))
        at = int(name[-1]) if name.startswith("umap") else ()
        assert trustworthiness(codes, arrays[name]) == pytest.approx(
            trust[at], abs=0.002
        )  # rounding may swap equal neighbours
        aligned, left = procrustes(arrays[name], own[name])
        assert left == pytest.approx(disparity[at], abs=1e-3)
        assert np.abs(aligned - arrays[name]).max() < 0.01 * np.ptp(own[name]), "turned already"
    assert arrays["knn_accuracy"] == pytest.approx(knn_accuracy(codes, dataset.test_labels))
    exact = align(project(codes, "pca"), own["pca"]).coordinates
    assert 0 < np.abs(arrays["pca"] - exact).max() < np.abs(exact).max() / 4000, "rounded, and nobody can see it"
    assert len(npz_bytes(pca=arrays["pca"])) < 0.85 * len(npz_bytes(pca=exact))


class Gallery:
    """What project_run asks of a run."""

    def __init__(self, codes):
        self.codes = codes.astype(np.float32)

    def arrays(self, _name):
        return {"mean": self.codes}

    def has(self, _name):
        return False


def test_a_two_dimensional_run_is_drawn_natively():
    dataset = load_dataset("tiny")
    codes = RNG.standard_normal((120, 2))
    arrays = project_run(Gallery(codes @ rotation(50)), Gallery(codes), dataset)
    assert set(arrays) == {"native", "trust_native", "disparity_native", "knn_accuracy"}
    np.testing.assert_allclose(arrays["native"], codes @ rotation(50), rtol=3e-4)
    assert arrays["disparity_native"] == pytest.approx(0, abs=1e-4)


def test_align_leaves_a_map_on_itself():
    drawn = project(BLOBS, "pca")
    same = align(drawn, drawn)
    np.testing.assert_allclose(same.coordinates, drawn.coordinates, atol=1e-5)
    assert same.disparity == pytest.approx(0, abs=1e-9)


# What a worker keeps with the runs


def test_a_workers_maps_are_kept_with_the_runs_and_made_once(trained, tmp_path):
    for run in trained.values():
        shutil.copytree(run.path, tmp_path / run.run_id)
    store = RunStore(tmp_path, tmp_path / "none", limit_bytes=10**9)
    ae, vae = (store.get(trained[model].run_id) for model in ("ae", "vae"))
    assert reference_for(store, vae).run_id == ae.run_id and reference_for(store, ae) is None
    task = vae.run_id, ae.run_id, str(tmp_path), str(tmp_path / "none")
    project_task(*task)
    for run, expected in (
        (ae, project_run(ae, None, load_dataset("tiny"))),
        (vae, project_run(vae, ae, load_dataset("tiny"))),
    ):
        run.verify()
        kept = run.arrays("projection.npz")
        assert set(kept) == set(expected)
        for name in kept:
            np.testing.assert_array_equal(kept[name], expected[name])
    before = [(run.path / "projection.npz").stat().st_ino for run in (ae, vae)]
    project_task(*task)  # nothing left to do
    assert [(run.path / "projection.npz").stat().st_ino for run in (ae, vae)] == before


def test_a_run_of_few_test_images_keeps_no_umap_of_fifteen_neighbours(trained, tmp_path):
    path = shutil.copytree(trained["ae"].path, tmp_path / trained["ae"].run_id)
    run, dataset = Run(path), load_dataset("tiny")
    gallery = {name: values[:7] for name, values in run.arrays("gallery.npz").items()}
    run.add("gallery.npz", npz_bytes(**gallery))
    arrays = project_run(run, None, dataset)
    assert set(arrays) == {"pca", "trust_pca", "disparity_pca", "knn_accuracy"} and arrays["pca"].shape == (7, 2)
    assert np.isnan(arrays["knn_accuracy"]) and 0 <= arrays["trust_pca"] <= 1


# The benchmark


def test_the_benchmark_past_its_limit_says_what_is_missing(capsys):
    from tests.benchmarks import bench_projection

    assert bench_projection.main(["--codes", "5", "--limit", "0", "--repeats", "1"]) == 1
    missing = [line for line in capsys.readouterr().out.splitlines() if line.startswith("missing: ")]
    assert len(missing) == 4 and all("within the limit" in line for line in missing)
