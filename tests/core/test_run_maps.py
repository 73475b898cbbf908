"""The maps of pairs and runs: in one frame, turned onto a reference, kept with the runs."""

import shutil

import numpy as np
import pytest
from example_codes import BLOBS, rotation

from core.data.datasets import load_dataset
from core.files import npz_bytes
from core.latent.neighbours import knn_accuracy, trustworthiness
from core.latent.projection import (
    align,
    procrustes,
    project,
    project_pair,
)
from core.latent.run_maps import project_run, project_task, reference_for
from core.runs.run import Run
from core.runs.store import RunStore

RNG = np.random.default_rng(3)


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
