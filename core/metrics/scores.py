"""The scores of a run: all measures, part by part, on the same test images with the same seeds.

    score_run(run, dataset)  ->  {"schema", "weights", "judge", "n", part: {figure: value}}

Figures that do not exist for a model (the rate of an AE) are None. Parts that do not apply are left out: a model
trained to denoise is scored on denoising, a model trained without a class on anomalies. If the images do not allow a
measurement (too few, all equal, one class), the reason is stored: a part that cannot be measured at all is
{"not_measured": reason}; in a part that can be measured incompletely the missing figures are None, with their reasons
by name under "not_measured".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core.config import ACTIVE_NATS, RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset, on_this_machine
from core.data.form import shape_named
from core.data.shape import as_pictures
from core.data.sources import DATASETS
from core.errors import NotMeasurable
from core.latent.neighbours import knn_accuracy, trustworthiness
from core.latent.sampling import SOURCES, decode_all, unpack
from core.metrics import compression, denoising_and_anomalies, latent, paths, reconstruction, records, samples
from core.metrics.factor_scores import factors_part
from core.metrics.judge import Judge, spread
from core.metrics.judge_training import load_judge
from core.metrics.subject import Subject
from core.runs.run import Run
from core.training.evaluation import per_image, summarise

BOUND_SAMPLES = 64
NOISE_LEVELS = (0.1, 0.25, 0.5, 0.75, 1.0)
# Data sets that can serve as another data set, in order of preference, and those for all data sets not listed.
_OTHERS = {
    "fashion-mnist": ("mnist", "mnist-5k"),
    "kmnist": ("fashion-mnist", "mnist-5k"),
    "cifar10": ("svhn", "emoji"),
    "svhn": ("cifar10", "emoji"),
}
_OTHERS_DEFAULT = ("fashion-mnist", "kmnist", "emoji", "sprites")


def figures(**measures: Callable[[], Any]) -> dict[str, Any]:
    """The value of each measure by name; None where it cannot be measured, with the reasons under "not_measured"."""
    found: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name, measure in measures.items():
        try:
            found[name] = measure()
        except NotMeasurable as error:
            found[name], reasons[name] = None, str(error)
    return found | ({"not_measured": reasons} if reasons else {})


def reconstruction_part(s: Subject) -> dict[str, Any]:
    """Errors of reconstructions from the posterior mean; D, R and bounds from sampled codes; the error of PCA."""
    images, back = s.images, decode_all(s.model, s.codes.mean)
    d = s.config.latent_dim
    linear = s.pca.decode(s.pca.encode(images, d))
    summary = summarise(per_image(s.model, s.reference.images))
    bound = reconstruction.importance_weighted_bound(s.model, s.reference.images, BOUND_SAMPLES)
    return {
        "mse": reconstruction.mse(images, back),
        "psnr": reconstruction.psnr(images, back),
        "ssim": reconstruction.ssim(images, back),
        **figures(sharpness=lambda: reconstruction.sharpness_ratio(images, back)),
        "kept_class": float((s.judge.predict(back) == s.reference.labels).mean()),
        **{name: summary[name] for name in ("distortion", "rate", "neg_elbo", "rate_per_dim", "active_units")},
        "importance_weighted": bound,
        "bound_gap": None if bound is None else summary["neg_elbo"] - bound,
        "pca_mse": reconstruction.mse(images, linear),
    }


def samples_part(s: Subject) -> dict[str, Any]:
    """Quality of samples from each source of codes, and the FD of real training images (the floor)."""
    floor = s.reference.floor  # raises before anything is decoded
    found = {name: decode_all(s.model, s.densities[name].sample(samples.N)) for name in SOURCES}
    return {"floor": floor, **{name: samples.quality(s.judge, s.reference, images) for name, images in found.items()}}


def interpolation_part(s: Subject) -> dict[str, Any]:
    """Paths between reference images: straight lines, arcs, and the pixel cross-fade."""
    return paths.interpolation(s.model, s.judge, s.reference, s.codes.mean)


def smoothness_part(s: Subject) -> dict[str, Any]:
    """The change of an image after small standardised steps."""
    return paths.smoothness(s.model, s.judge, s.codes.mean, s.codes.z)


def latent_part(s: Subject) -> dict[str, Any]:
    """The distribution of the codes, with PCA codes of the same size as the control for figures about classes."""
    labels, d = s.reference.labels, s.config.latent_dim
    train_images, train_labels = s.train
    pca, pca_train = s.pca.encode(s.images, d), s.pca.encode(as_pictures(train_images), d)
    information, cap = latent.mutual_information(s.codes.mean, s.codes.stddev, s.codes.z)
    prior = np.random.default_rng(0).standard_normal(s.codes.z.shape)
    use = latent.dimension_use(s.model, s.reference.images, s.codes.z)
    return {
        **figures(
            knn_accuracy=lambda: knn_accuracy(s.codes.mean, labels),
            knn_accuracy_pca=lambda: knn_accuracy(pca, labels),
            linear_probe=lambda: latent.linear_probe(s.train_codes.mean, train_labels, s.codes.mean, labels),
            linear_probe_pca=lambda: latent.linear_probe(pca_train, train_labels, pca, labels),
            trustworthiness=lambda: trustworthiness(s.images.reshape(len(s.images), -1), s.codes.mean),
            prior_kl=lambda: latent.gaussian_kl(s.codes.z),
            prior_mmd=lambda: latent.mmd(s.codes.z, prior),
        ),
        "mutual_information": information,
        "mutual_information_cap": cap,
        "dimension_use": use.tolist(),
        "used_dimensions": int((use > ACTIVE_NATS).sum()),
        "dimensions": d,
    }


def denoising_part(s: Subject) -> dict[str, Any]:
    """PSNR after denoising at each noise level; `trained_with` is the noise of the training, 0 without noise."""
    levels = {
        f"{sigma:g}": denoising_and_anomalies.denoising(s.model, s.pca, s.train[0], s.reference.images, sigma)
        for sigma in NOISE_LEVELS
    }
    return {"trained_with": s.config.noise, **levels}


def anomalies_part(s: Subject) -> dict[str, Any]:
    """AUROC for rotated images, for another data set if there is one, and for the class left out of training."""
    name = other_dataset(s.dataset.name)
    other: tuple[str, np.ndarray] | None = None
    if name is not None:
        images = load_dataset(name).test_images
        other = name, images[spread(len(images))]
    return denoising_and_anomalies.anomalies(
        s.model, s.pca, s.reference.images, s.reference.labels, other, s.config.held_out_class
    )


def compression_part(s: Subject) -> dict[str, Any]:
    """Bytes and error of quantised codes, PCA, PNG and WebP."""
    return compression.compression(s.model, s.pca, s.train[0], s.train_codes.mean, s.reference.images, s.codes.mean)


PARTS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "reconstruction": reconstruction_part,
    "samples": samples_part,
    "interpolation": interpolation_part,
    "smoothness": smoothness_part,
    "latent": latent_part,
    "denoising": denoising_part,
    "anomalies": anomalies_part,
    "compression": compression_part,
}
OF_FACTORS = {"factors": factors_part}  # where it is known how the images were made


def parts_for(config: RunConfig) -> tuple[str, ...]:
    """The parts that apply to a run of this config."""
    if config.held_out_class is not None:
        return ("anomalies",)
    if config.noise:
        return ("reconstruction", "denoising")
    source = DATASETS.get(config.dataset)
    further = tuple(OF_FACTORS) if source and source.factors else ()
    if config.beta not in (None, 1.0):
        return ("reconstruction", "samples", "smoothness", "latent", *further)
    return (*PARTS, *further)


def other_dataset(name: str) -> str | None:
    """The first data set with other contents that is on this machine, or None. Downloads nothing."""
    for other in _OTHERS.get(name, _OTHERS_DEFAULT):
        if other == name or shape_named(other) != shape_named(name):
            continue
        if on_this_machine(other):
            return other
    return None


def plain(value: Any) -> Any:
    """Nested values as JSON values: numbers with six significant digits, None for those that are not finite."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _so_far(run: Run, judge: Judge, fresh: bool) -> dict[str, Any]:
    """The scores so far with this judge, or, if there are none or all shall be fresh, only their stamp."""
    expected = {**records.stamp(run), "judge": judge.info["sha256"][:16]}
    scores = {} if fresh else records.scores_of(run)
    return scores if expected.items() <= scores.items() else expected


def score_run(
    run: Run,
    dataset: Dataset | None = None,
    judge: Judge | None = None,
    fresh: bool = False,
    keep: bool = True,
    on_part: Callable[[str], object] | None = None,
    measures: Mapping[str, Callable[[Subject], dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """The scores of a finished run. Each part is kept as soon as it is measured (see `core.metrics.records`).

    Args:
        run: a finished run.
        dataset, judge: by default those of the run.
        fresh: whether to measure again what has been measured.
        keep: whether to keep the scores.
        on_part: called with the name of each part before it is measured.
        measures: the parts to measure, with what measures each; by default `PARTS` and `OF_FACTORS`.

    Raises:
        RunNotFound, RunDamaged: the run cannot be loaded.
        DataError: its images are not available.
        JudgeError: there can be no judge for its images.
    """
    config, measures = run.config, measures or PARTS | OF_FACTORS
    dataset = dataset or run.dataset()
    judge = judge or load_judge(dataset)
    scores = _so_far(run, judge, fresh)
    missing = [part for part in parts_for(config) if part in measures and part not in scores]
    if not missing:
        return scores
    densities = unpack(run.arrays("density.npz")) if run.has("density.npz") else None
    subject = Subject(run.load_model(), dataset, judge, densities)
    scores = {**scores, "n": len(subject.reference.images)}
    for part in missing:
        if on_part is not None:
            on_part(part)
        try:
            scores[part] = plain(measures[part](subject))
        except NotMeasurable as error:
            scores[part] = {"not_measured": str(error)}
        if keep:
            try:
                records.keep(run, scores)
            except OSError:
                keep = False  # the folder cannot be written: the next call measures again
    return scores
