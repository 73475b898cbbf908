"""The one place with st.cache_*: what visitors share. Keys are run ids and plain parameters, never big arrays.

Cached arrays are read-only and cached models frozen, because every visitor gets the same object. Only finished runs get
here: an unfinished one changes under one's hands.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core import settings
from core.config import RunConfig
from core.runs import WEIGHTS, RunError, RunStore
from dashboard import catalog
from dashboard import scenes as scenes_file

if TYPE_CHECKING:
    from core.data import Dataset
    from core.jobs import Jobs, JobStatus
    from core.limits import Limits
    from core.metrics.compression import Quantiser
    from core.metrics.linear import Pca
    from core.metrics.robustness import Simple
    from core.metrics.verdicts import Row
    from core.models import Autoencoder
    from core.sampling import Density
    from dashboard.crowd import Crowd
    from dashboard.scenes import Scene

SAMPLES = 64  # new images a run carries from every source
PICTURED = 100  # test images a run carries the reconstruction of
WARM_SECONDS = 3.0  # after a page; long enough for it to be drawn
# Streamlit's spinner names the function that runs; these are the words a visitor should read instead.
LOADING = "Loading the networks (only the first time)…"


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    return RunStore()


@st.cache_resource(show_spinner=False, max_entries=4)
def _scenes(path: str, modified: float) -> tuple[Scene, ...]:
    from dashboard.exhibits import pictures

    return scenes_file.read(Path(path), pictures())


def scenes() -> tuple[Scene, ...]:
    """The walkthrough's scenes; a changed file is read again.

    Raises:
        SceneError: the file cannot be used.
    """
    path = Path(settings.value("SCENES") or scenes_file.SHIPPED).expanduser()
    return _scenes(str(path), path.stat().st_mtime if path.is_file() else 0.0)


@st.cache_resource(show_spinner=False)
def crowd() -> Crowd:
    """The visitors of this server."""
    from dashboard.crowd import Crowd

    return Crowd(settings.value("VISITORS"))


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The server's background jobs."""
    from core.jobs import jobs_from_settings

    return jobs_from_settings(store())


@st.cache_resource(show_spinner=False, max_entries=1000)
def _config(run_id: str, path: str) -> RunConfig:
    return store().run(run_id).config


def entries() -> list[catalog.Entry]:
    """Every finished run there is now, shipped or trained by anyone; the folders are looked at each time."""
    found = []
    for run in (r for r in store() if r.complete):
        try:
            found.append(catalog.Entry(run, _config(run.run_id, str(run.path))))
        except RunError:  # not readable: `python -m core runs` tells; here it is as if it were not there
            continue
    return found


def frozen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@st.cache_resource(show_spinner=False, max_entries=64)
def arrays(run_id: str, name: str) -> dict[str, np.ndarray]:
    """The arrays of one npz file of a finished run."""
    return frozen(store().get(run_id).arrays(name))


def gallery(run_id: str) -> dict[str, np.ndarray]:
    """Per-image codes and losses, and first-paint pictures; see `core.evaluation.portfolio`."""
    return arrays(run_id, "gallery.npz")


@st.cache_resource(show_spinner=False, max_entries=32)
def recording(run_id: str) -> tuple[np.ndarray, list[dict[str, Any]], list[bytes]]:
    """What a run wrote down epoch by epoch: codes of the same test images (epochs + 1, n, d), rows, preview pictures."""
    run = store().get(run_id)
    history = run.history()
    previews = [picture for row in history if (picture := run.preview(row["epoch"])) is not None]
    return run.trace(), history, previews


@st.cache_resource(show_spinner=False, max_entries=32)
def film(run_id: str) -> bytes:
    """A run's preview pictures, one below the other, as one PNG."""
    from dashboard.components.scrubber import tall

    return tall(recording(run_id)[2])


@st.cache_resource(show_spinner=False, max_entries=500)
def evaluation(run_id: str) -> dict[str, Any]:
    """A finished run's figures on the test images."""
    return store().get(run_id).evaluation()


@st.cache_resource(show_spinner=False, ttl=60)
def scorecards() -> list[dict[str, Any]]:
    """Every claim at every standard setting, from committed figures and those of measured runs; see `core.metrics.scorecard.overview`."""
    from core.metrics.scorecard import overview

    return overview(store())


@st.cache_resource(show_spinner=False, ttl=60, max_entries=16)
def verdicts(name: str, latent_dim: int) -> list[Row]:
    """Every claim at one data set and latent size."""
    from core.metrics.scorecard import scorecard

    return scorecard(store(), name, latent_dim)


@st.cache_resource(show_spinner=False, ttl=60, max_entries=16)
def scores(name: str, latent_dim: int) -> dict[str, dict[Any, Any]]:
    """Everything measured about the standard runs of a data set and latent size, by role and seed; empty if nothing was."""
    from core.metrics.scorecard import population

    return population(store(), name, latent_dim)


@st.cache_resource(show_spinner=False, max_entries=500)
def parameters(run_id: str) -> int:
    """How many numbers the network holds, from the header of its weights file (8 bytes of length, then JSON)."""
    with open(store().get(run_id).path / WEIGHTS, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return sum(int(np.prod(entry["shape"])) for name, entry in header.items() if name != "__metadata__")


@st.cache_resource(show_spinner="Reading the images (the first time they may have to be downloaded)…", max_entries=4)
def dataset(name: str) -> Dataset:
    """The images of a data set."""
    from core.data import load_dataset

    return load_dataset(name)


@st.cache_resource(show_spinner=LOADING, max_entries=16)
def model(run_id: str) -> Autoencoder:
    """A trained network, shared and frozen."""
    return store().get(run_id).load_model()


@st.cache_resource(show_spinner=False, max_entries=64)
def density(run_id: str, source: str) -> Density:
    """Where new codes come from: "prior", "gaussian" or "mixture", fitted to the run's training codes."""
    from core.sampling import unpack

    return unpack(arrays(run_id, "density.npz"))[source]


@st.cache_resource(show_spinner=False, max_entries=64)
def samples(run_id: str, source: str, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
    """`SAMPLES` new images, float32 (64, 28, 28); the ones shipped with the run come without loading the network."""
    if (temperature, seed) == (1.0, 0):
        images = gallery(run_id)[f"samples_{source}"].astype(np.float32) / 255
    else:
        from core.sampling import decode_all

        images = decode_all(model(run_id), density(run_id, source).sample(SAMPLES, temperature, seed))
    images.setflags(write=False)
    return images


def one_of_each(name: str, most: int = 10) -> np.ndarray:
    """Indices of the first test image of each class, among those whose reconstruction every run carries."""
    labels = dataset(name).test_labels[:PICTURED]
    return np.array([np.flatnonzero(labels == label)[0] for label in np.unique(labels)][:most])


REFERENCE = 10_000  # training images that generated ones are compared with, so that 60,000 of them do not cost a second


def likeness(name: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(index, cosine) of the training image most like each of `images` (n, 28, 28).

    The cosine between pixel vectors does not care how bright an image is; a plain distance would find a faint smear near
    to everything.
    """
    from core.interpolation import nearest

    index, distance = nearest(unit(images), unit(dataset(name).train_images[:REFERENCE]))
    return index, 1 - distance**2 / 2


def unit(images: np.ndarray) -> np.ndarray:
    """Images as vectors of length 1, float32 (n, 784)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


@st.cache_resource(show_spinner=False, max_entries=128)
def samples_likeness(run_id: str, source: str, temperature: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`likeness` of `samples(...)`."""
    return likeness(store().get(run_id).config.dataset, samples(run_id, source, temperature, seed))


class NotMeasured(RuntimeError):
    """A figure cannot be had for these images; the message says why."""


def judge_task(name: str) -> None:
    """What a worker runs where a data set has no judge yet: train one, and keep it."""
    from core.data import load_dataset
    from core.metrics.judge import load_judge

    load_judge(load_dataset(name))


@st.cache_resource(show_spinner=False, max_entries=16)
def _judge(name: str) -> Future:
    """Done when the judge of a data set can be loaded; one that has to be trained is trained in the background worker."""
    from core.metrics.judge import find_judge

    if find_judge(dataset(name)) is None:
        return jobs().call(f"judge-{dataset(name).digest}", judge_task, name)
    there: Future = Future()
    there.set_result(None)
    return there


@st.cache_resource(show_spinner="Measuring a thousand samples…", max_entries=256)
def _measured_quality(run_id: str, source: str, temperature: float) -> dict[str, float]:
    from core.metrics.judge import load_judge
    from core.metrics.samples import N, quality
    from core.sampling import decode_all

    data = dataset(store().get(run_id).config.dataset)
    judge = load_judge(data)
    images = decode_all(model(run_id), density(run_id, source).sample(N, temperature, 0))
    return {"floor": judge.reference(data).floor, **quality(judge, judge.reference(data), images)}


def sample_quality(run_id: str, source: str = "prior", temperature: float = 1.0) -> dict[str, float] | None:
    """fd, its floor, density, coverage, precision and recall of a thousand samples (see `core.metrics.samples`).

    Figures that came with the project are read, others are measured: in a third of a second, once the judge is there.

    Returns:
        None while the judge of these images is being trained in the background.

    Raises:
        NotMeasured: these images can have no judge.
    """
    from core.metrics.records import scores_of

    run = store().get(run_id)
    kept = scores_of(run).get("samples", {}) if temperature == 1.0 else {}
    if source in kept:
        return {"floor": kept["floor"], **kept[source]}
    judge = _judge(run.config.dataset)
    if not judge.done():
        return None
    if judge.exception() is not None:
        raise NotMeasured(str(judge.exception()))
    return _measured_quality(run_id, source, temperature)


@st.cache_resource(show_spinner=False, max_entries=256)
def decoded_path(run_id: str, a: int, b: int, steps: int, kind: str) -> np.ndarray:
    """Images decoded on the way between the codes of two test images, float32 (steps, 28, 28)."""
    from core.interpolation import path
    from core.sampling import decode_all

    codes = gallery(run_id)["mean"]
    images = decode_all(model(run_id), path(codes[a], codes[b], steps, kind))
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner=False, max_entries=4)
def pca(name: str) -> Pca:
    """The linear control of a data set."""
    from core.metrics.linear import fit_pca
    from core.metrics.scores import COMPONENTS

    return fit_pca(dataset(name).train_images[:REFERENCE], COMPONENTS)


@st.cache_resource(show_spinner=False, max_entries=64)
def simple_denoisers(name: str, sigma: float) -> Simple:
    """The median filter and the PCA as they were tuned for one level of noise."""
    from core.metrics.robustness import Simple

    return Simple.tuned(pca(name), dataset(name).train_images, sigma)


def odd_images(name: str, what: str) -> np.ndarray:
    """A thousand odd images, uint8 (n, 1, 28, 28): of another data set, or one of `core.metrics.robustness.ODDITIES`."""
    from core.data import DATASETS
    from core.metrics.robustness import ODDITIES

    return dataset(what).test_images[:1000] if what in DATASETS else ODDITIES[what](dataset(name).test_images[:1000])


@st.cache_resource(show_spinner=LOADING, max_entries=64)
def oddness(run_id: str, what: str = "") -> np.ndarray:
    """What each test image costs a model (distortion in nats, (n,)); with `what`, what `odd_images` do."""
    if not what:
        return gallery(run_id)["distortion"]
    from core.metrics.robustness import oddness as measure

    return measure(model(run_id), odd_images(store().get(run_id).config.dataset, what))["distortion"]


@st.cache_resource(show_spinner=False, max_entries=32)
def pca_oddness(name: str, d: int, what: str = "") -> np.ndarray:
    """As `oddness`, for a PCA with d components: its squared error."""
    from core.metrics.robustness import pca_error

    return pca_error(pca(name), odd_images(name, what) if what else dataset(name).test_images[:1000], d)


@st.cache_resource(show_spinner=LOADING, max_entries=16)
def train_codes(run_id: str) -> np.ndarray:
    """Posterior means of at most `REFERENCE` training images, (n, d)."""
    from core.sampling import encode_all

    return encode_all(model(run_id), dataset(store().get(run_id).config.dataset).train_images[:REFERENCE]).mean


@st.cache_resource(show_spinner=False, max_entries=64)
def quantiser(run_id: str, bits: int) -> Quantiser:
    """The bins of a model's codes at a number of bits a dimension."""
    from core.metrics.compression import Quantiser

    return Quantiser.of_bits(train_codes(run_id), bits)


@st.cache_resource(show_spinner=False, max_entries=4)
def pca_quantisers(name: str) -> list[Quantiser]:
    """The bins of the PCA's codes, coarse to fine."""
    from core.metrics.compression import pca_quantisers as make

    return make(pca(name), dataset(name).train_images[:REFERENCE, 0].astype(np.float32) / 255)


def export(run_id: str) -> bytes:
    """A run to take home: see `core.export`."""
    from core.export import export_zip

    return export_zip(store().get(run_id))


@st.cache_resource(show_spinner=False, max_entries=64)
def redraws(run_id: str, index: int, n: int) -> np.ndarray:
    """What n codes drawn from a test image's posterior decode to, float32 (n, 28, 28); of a point, n times the same."""
    from core.sampling import decode_all

    codes = gallery(run_id)
    mean, stddev = codes["mean"][index], codes["stddev"][index].astype(np.float32)
    images = decode_all(model(run_id), mean + stddev * np.random.default_rng(0).standard_normal((n, len(mean))).astype(np.float32))
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner=False, max_entries=32)
def turned(run_id: str, index: int, steps: int, reach: float = 3.0) -> np.ndarray:
    """A test image decoded while one latent number after the other goes from -reach to reach, float32 (d, steps, 28, 28)."""
    from core.sampling import decode_all

    mean = gallery(run_id)["mean"][index].astype(np.float32)
    codes = np.broadcast_to(mean, (len(mean), steps, len(mean))).copy()
    for j in range(len(mean)):
        codes[j, :, j] = np.linspace(-reach, reach, steps)
    images = decode_all(model(run_id), codes.reshape(-1, len(mean))).reshape(len(mean), steps, 28, 28)
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner="Measuring small steps…", max_entries=64)
def _flip_rate(run_id: str, step: float) -> float:
    from core.metrics.judge import load_judge
    from core.metrics.paths import AROUND, flip_rate

    codes = gallery(run_id)["mean"].astype(np.float32)
    return flip_rate(model(run_id), load_judge(dataset(store().get(run_id).config.dataset)), codes[:AROUND], codes.std(0), step)


def flip_rate(run_id: str, step: float) -> float:
    """How often a step of that many standard deviations changes the class a judge sees; see `core.metrics.paths.flip_rate`."""
    from core.metrics.records import scores_of

    kept = scores_of(store().get(run_id)).get("smoothness", {}).get("flip_rate", {}).get(f"{step:g}")
    return _flip_rate(run_id, step) if kept is None else float(kept)


@dataclass(frozen=True)
class MapView:
    """One model's map: points (n, 2) and what was measured about it; `spread` is the codes' mean standard deviation."""

    points: np.ndarray
    knn_accuracy: float
    trustworthiness: float
    disparity: float
    spread: float


def _spread(run_id: str) -> float:
    return float(gallery(run_id)["mean"].std(0).mean())


def _kept_map(run_id: str, method: str, seed: int) -> MapView:
    found = arrays(run_id, "projection.npz")
    name, at = (f"umap_{seed}", seed) if method == "umap" else (method, ())
    return MapView(
        found[name], float(found["knn_accuracy"]), float(found[f"trust_{method}"][at]), float(found[f"disparity_{method}"][at]), _spread(run_id)
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def disagreement(ae_id: str, vae_id: str) -> np.ndarray:
    """Per image, the share of its nearest codes that the two spaces do not have in common; see `core.neighbours`."""
    from core.neighbours import disagreement as measure

    return measure(gallery(ae_id)["mean"], gallery(vae_id)["mean"])


def _maps_key(pair: catalog.Pair) -> str:
    return f"maps-{pair.ae.run_id}-{pair.vae.run_id}"


@st.cache_resource(show_spinner=False, max_entries=32)
def _laid_out(ae_id: str, vae_id: str, key: str) -> Future:
    """Maps of a pair that carries none, laid out in the background worker and kept with the runs."""
    from core.projection import project_task

    return jobs().call(key, project_task, vae_id, ae_id, str(store().cache), str(store().shipped))


@st.cache_resource(show_spinner="Measuring the maps…", max_entries=64)
def _drawn_now(ae_id: str, vae_id: str, method: str) -> tuple[MapView, MapView]:
    """A map that costs nothing, PCA or native."""
    from core.projection import knn_accuracy, project_pair

    codes = [gallery(run_id)["mean"] for run_id in (ae_id, vae_id)]
    labels = dataset(store().get(ae_id).config.dataset).test_labels[: len(codes[0])]
    return tuple(
        MapView(m.coordinates, knn_accuracy(c, labels), m.trustworthiness, m.disparity or 0.0, _spread(run_id))
        for m, c, run_id in zip(project_pair(*codes, method), codes, (ae_id, vae_id))
    )


def latent_maps(pair: catalog.Pair, method: str, seed: int = 0) -> tuple[MapView, MapView] | None:
    """The AE's and the VAE's map; None while UMAPs that the runs do not carry yet are being laid out.

    Args:
        method: "umap", "pca", or "native" for d <= 2.
    """
    ids = pair.ae.run_id, pair.vae.run_id
    if all(entry.run.has("projection.npz") for entry in (pair.ae, pair.vae)):
        return tuple(_kept_map(run_id, method, seed) for run_id in ids)
    return None if method == "umap" else _drawn_now(*ids, method)


def lay_out(pair: catalog.Pair) -> JobStatus:
    """Have a pair's UMAPs laid out in the background, and how that stands. Whoever asks first starts it.

    Raises:
        QueueFull: too many jobs wait already.
    """
    from core.jobs import JobStatus

    key = _maps_key(pair)
    future = _laid_out(pair.ae.run_id, pair.vae.run_id, key)
    if not future.done():
        status = jobs().status(key)
        return status if status.active else JobStatus(key, "running")  # between the job's end and its future's
    return JobStatus(key, "failed", message=str(future.exception())) if future.exception() else JobStatus(key, "complete")


def lay_out_again(pair: catalog.Pair) -> None:
    """Forget that it failed."""
    _laid_out.clear(pair.ae.run_id, pair.vae.run_id, _maps_key(pair))


@st.cache_resource(show_spinner=False, max_entries=8)
def flip_rates(name: str) -> dict[int, dict[str, dict[float, list[float]]]]:
    """Latent size -> "ae" and "vae" -> step -> share of steps that change the class, a value a seed; of the pairs with a scorecard."""
    from core.metrics.records import scores_of

    found: dict[int, dict[str, dict[float, list[float]]]] = {}
    for (dataset_name, d, _), pair in pairs().items():
        scores = [scores_of(entry.run).get("smoothness", {}).get("flip_rate") for entry in (pair.ae, pair.vae)]
        if dataset_name != name or not all(scores):
            continue
        for kind, rates in zip(("ae", "vae"), scores):
            for step, rate in rates.items():
                found.setdefault(d, {"ae": {}, "vae": {}})[kind].setdefault(float(step), []).append(rate)
    return dict(sorted(found.items()))


def _later(task: Callable[[], Any]) -> bool:
    """Run a task once, in the background, when the page at hand is on screen; POINT_OR_CLOUD_WARM=off leaves it out."""
    if settings.value("WARM"):
        timer = threading.Timer(WARM_SECONDS, task)
        timer.daemon = True
        timer.start()
    return True


@st.cache_resource(show_spinner=False)
def warm() -> bool:
    """Once a server: import torch before somebody waits for it."""

    def load() -> None:
        import core.models  # noqa: F401

    return _later(load)


@st.cache_resource(show_spinner=False)
def warm_worker() -> bool:
    """Once a server, when somebody may soon ask for a training: start a worker that has imported what training needs."""
    from core.jobs import warm_task

    return _later(lambda: jobs().call("warm-up", warm_task))


def limits() -> Limits:
    """What may be shown and trained here; see `core.limits`."""
    from core.limits import limits_from_settings

    return limits_from_settings()


def pairs() -> dict[tuple[str, int, int], catalog.Pair]:
    """The matched pairs there are now, of the data sets that are offered; see `dashboard.catalog.pairs`."""
    offered = limits().offers
    return catalog.pairs(entry for entry in entries() if offered(entry.config.dataset))


@st.cache_resource(show_spinner=False, ttl=10)
def memory_mb() -> float:
    """Memory of the server and its workers; looked at every ten seconds at most."""
    from core.limits import memory_mb

    return memory_mb()


def drop_results() -> None:
    """Forget everything that can be made again; jobs, visitors and what the server warmed up stay."""
    stay = (store, jobs, crowd, warm, warm_worker, memory_mb)
    for cached in list(globals().values()):
        if callable(cached) and hasattr(cached, "clear") and cached not in stay:
            cached.clear()

