"""Training learns, repeats itself bit for bit, resumes to the same weights, and reproduces the classic mistake."""

import dataclasses
import json
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch

from core.config import QUICK, ConfigError, RunConfig
from core.data.dataset import DataError
from core.data.datasets import load_dataset, resolve
from core.hardware import device
from core.models.build import build_model
from core.runs.run import ERROR, HEARTBEAT, LIVE, RESUME, STOP, WEIGHTS, Status
from core.runs.store import RunStore
from core.training.images import training_images
from core.training.loop import current_beta, fit
from core.training.outcome import TrainingError
from core.training.train_run import Stopped, train

SMALL = RunConfig(dataset="tiny", epochs=3, latent_dim=4, trunk="mlp-400")  # the quickest network


def weights(run) -> bytes:
    return (run.path / WEIGHTS).read_bytes()


def test_training_lowers_the_loss_on_held_out_images(trained):
    for run in trained.values():
        history = run.history()
        assert [row["epoch"] for row in history] == [0, 1, 2]
        assert history[2]["distortion"] < 0.8 * history[0]["distortion"]


def test_rows_say_what_they_should(trained):
    vae, ae = (trained[m].history()[-1] for m in ("vae", "ae"))
    assert vae["neg_elbo"] == pytest.approx(vae["distortion"] + vae["rate"])
    assert vae["rate"] == pytest.approx(sum(vae["rate_per_dim"]), rel=1e-4)
    assert ae["rate"] is None and ae["neg_elbo"] is None and ae["rate_per_dim"] is None
    assert vae["images_per_second"] > 0 and vae["device"].startswith("cpu") and vae["test_n"] == 120


@pytest.mark.parametrize(("precision", "trunk"), [("fp32", "conv"), ("bf16", "conv"), ("bf16", "mlp")])
def test_two_runs_are_bit_equal(store, tmp_path, monkeypatch, precision, trunk):
    monkeypatch.setenv("POINT_OR_CLOUD_PRECISION", precision)
    other = RunStore(tmp_path / "other", tmp_path / "none", limit_bytes=10**9)
    config = SMALL.replace(epochs=2, trunk=trunk, train_size=100)
    first, second = train(config, store), train(config, other)
    assert weights(first) == weights(second)
    assert first.history()[-1]["device"].endswith(f"{precision})")


@pytest.mark.parametrize("trunk", ["conv", "mlp"])
def test_products_in_bf16_leave_the_rest_in_fp32(monkeypatch, trunk):
    """Weights, posterior and objective stay fp32; products are rounded, a little: close to fp32, not equal to it."""
    model, images = build_model(SMALL.replace(trunk=trunk)), load_dataset("tiny").floats("train", 64)
    losses = {}
    for precision in ("fp32", "bf16"):
        monkeypatch.setenv("POINT_OR_CLOUD_PRECISION", precision)
        with device.precision(torch.device("cpu"), model.convolutional):
            terms = model.terms(images, torch.Generator().manual_seed(0))
            assert (
                model.encode(images).mean.dtype == terms.distortion.dtype == terms.rate_per_dim.dtype == torch.float32
            )
            loss = losses[precision] = terms.loss(1.0)
            model.zero_grad()
            loss.backward()
        assert all(p.grad.dtype == torch.float32 for p in model.parameters())
    assert torch.backends.mkldnn.matmul.fp32_precision != "bf16", "set for a step, not for good"
    assert torch.isclose(losses["fp32"], losses["bf16"], rtol=1e-3)
    rounds = trunk == "conv" or torch.cpu.get_capabilities().get(
        "amx_bf16"
    )  # fp32 tensors are rounded only where it is fast
    assert losses["fp32"] != losses["bf16"] or not rounds


def test_a_trained_config_is_returned_without_training(store):
    first, epochs = train(SMALL, store), []
    assert train(RunConfig.from_dict(SMALL.to_dict()), store, on_epoch=epochs.append).path == first.path
    assert epochs == []


SIGMA = {"likelihood": "calibrated", "averaging": 0.9}


@pytest.mark.parametrize(
    "change",
    [
        {"model": "ae", "trunk": "conv"},
        {"optimiser": "muon"},
        {"model": "multirate"},
        QUICK | {"epochs": 3},
        SIGMA,
    ],
    ids=["ae", "muon", "multirate", "quick", "calibrated"],
)
def test_an_interrupted_run_reaches_the_same_weights(store, tmp_path, change):
    config = SMALL.replace(**change)
    whole = train(config, store)
    other = RunStore(tmp_path / "other", tmp_path / "none", limit_bytes=10**9)
    run = other.run(resolve(config))

    with pytest.raises(Stopped, match="epoch 2"):
        train(config, other, on_epoch=lambda row: run.request_stop() if row["epoch"] == 2 else None, save_seconds=0)
    assert run.status() is Status.STOPPED and (run.path / RESUME).exists()

    seen = []
    train(config, other, on_epoch=lambda row: seen.append(row["epoch"]))
    assert seen == [3], "it must go on, not start over"
    assert weights(run) == weights(whole)
    drop = ("seconds", "images_per_second")
    assert [{k: v for k, v in row.items() if k not in drop} for row in run.history()] == [
        {k: v for k, v in row.items() if k not in drop} for row in whole.history()
    ]
    assert np.array_equal(run.trace(), whole.trace())
    assert not (run.path / RESUME).exists() and not (run.path / STOP).exists() and not (run.path / HEARTBEAT).exists()


def test_pictures_come_between_epochs_and_change_nothing(store, tmp_path):
    """A run that is looked at after every batch ends with the weights of one that never is."""
    config = SMALL.replace(epochs=1, train_size=80, batch_size=4, learning_rate=0.01)
    run, between = store.run(resolve(config)), set()

    def look():
        if (run.path / LIVE).exists() and not (run.path / "previews" / "epoch-001.png").exists():
            between.add((run.path / LIVE).read_bytes())

    unseen = train(config, RunStore(tmp_path / "unseen", tmp_path / "none", limit_bytes=10**9), beat_seconds=1e9)
    train(config, store, on_beat=look, beat_seconds=0)
    assert len(between) > 2, "the network's pictures must move before its first epoch is over"
    assert weights(run) == weights(unseen)
    assert not (run.path / LIVE).exists() and run.preview() == run.preview(1)


def test_a_damaged_resume_file_only_costs_time(store):
    run = store.run(resolve(SMALL))
    with pytest.raises(Stopped):
        train(SMALL, store, on_epoch=lambda row: run.request_stop() if row["epoch"] == 1 else None, save_seconds=0)
    (run.path / RESUME).write_bytes((run.path / RESUME).read_bytes()[:1000])
    seen = []
    assert train(SMALL, store, on_epoch=lambda row: seen.append(row["epoch"])).status() is Status.COMPLETE
    assert seen == [0, 1, 2, 3]


def test_what_is_measured_is_what_is_kept(trained):
    from core.training.evaluation import evaluate

    for run in trained.values():
        again = evaluate(run.load_model(), load_dataset("tiny"))
        stored = {k: v for k, v in run.evaluation().items() if k in again}
        assert stored == again


def test_the_gallery_is_of_the_model(trained):
    from core.latent.sampling import decode_all
    from core.runs.run import PICTURES
    from core.training.evaluation import to_bytes

    for name, run in trained.items():
        gallery, model = run.arrays("gallery.npz"), run.load_model()
        with torch.no_grad():
            mean = model.encode(load_dataset("tiny").floats(n=PICTURES)).mean
        np.testing.assert_allclose(gallery["mean"][:PICTURES], mean, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(run.trace()[-1][:20], mean[:20], atol=0.05)
        difference = np.abs(to_bytes(decode_all(model, mean)).astype(int) - gallery["reconstruction"])
        assert difference.max() <= 1
        assert ("rate" in gallery) == (name == "vae")


def test_pictures_in_colour_are_kept_with_32_levels_and_grey_ones_as_they_are():
    from core.training.evaluation import kept_pictures, to_bytes

    grey, colour = (np.random.default_rng(0).random(shape) for shape in ((5, 8, 8), (5, 3, 8, 8)))
    assert np.array_equal(kept_pictures(grey), to_bytes(grey))
    kept = kept_pictures(colour)
    assert len(np.unique(kept)) <= 32 and np.abs(kept - 255 * colour).max() <= 255 / 31 / 2 + 1


def test_mean_reduced_distortion_with_summed_rate_collapses(store):
    """The commonest VAE bug: KL about 0, and every reconstruction the same picture."""
    base = RunConfig(epochs=5, train_size=500, latent_dim=8, trunk="mlp-400")
    right, wrong = (train(base.replace(reduction=r), store) for r in ("sum", "mean"))
    assert right.evaluation()["rate"] > 3
    assert wrong.evaluation()["rate"] < 0.05 and wrong.evaluation()["active_units"] == 0
    images = load_dataset().test_images / 255.0
    constant = float(((images - images.mean(0)) ** 2).mean())
    assert wrong.evaluation()["mse"] == pytest.approx(constant, rel=0.1)
    assert right.evaluation()["mse"] < 0.8 * constant


def test_more_beta_less_rate(store):
    rates = [train(SMALL.replace(beta=beta), store).evaluation()["rate"] for beta in (0.1, 1, 10)]
    assert rates[0] > rates[1] > rates[2]


def test_a_held_out_class_is_not_trained_on():
    data = load_dataset()
    images = training_images(RunConfig(held_out_class=3), data)
    assert len(images) == (data.train_labels != 3).sum()
    with pytest.raises(ConfigError, match=r"held_out_class=42: .* classes 0 to 9"):
        training_images(RunConfig(held_out_class=42), data)


def test_what_cannot_be_left_out_or_had_is_refused_before_anything_is_written(store):
    for change, told in (({"held_out_class": 42}, "classes 0 to 9"), ({"train_size": 321}, "320 training images")):
        with pytest.raises(ConfigError, match=told):
            train(SMALL.replace(**change), store)
    assert not store.cache.exists()


def test_the_only_class_cannot_be_left_out():
    data = load_dataset("tiny")
    alone = dataclasses.replace(data, classes=("one",), train_labels=np.zeros_like(data.train_labels))
    with pytest.raises(ConfigError, match="no other class"):
        training_images(RunConfig(held_out_class=0), alone)


def test_a_denoising_model_sees_noise_and_a_clean_target(monkeypatch):
    from core.models.networks import Autoencoder

    seen = []
    loss = Autoencoder.loss
    monkeypatch.setattr(
        Autoencoder, "loss", lambda self, x, g, inputs, beta: seen.append((x, inputs)) or loss(self, x, g, inputs, beta)
    )
    list(fit(RunConfig(epochs=1, train_size=64, noise=0.5), load_dataset()))
    x, inputs = seen[0]
    assert not torch.equal(x, inputs) and inputs.min() >= 0 and inputs.max() <= 1
    assert 0.05 < (inputs - x).abs().mean() < 0.5


def test_warm_up_raises_beta_to_its_value():
    warm = RunConfig(epochs=4, train_size=16, warmup_epochs=2, beta=3)
    assert [current_beta(warm, epoch) for epoch in range(1, 5)] == [1.5, 3.0, 3.0, 3.0]
    first, lower = (next(fit(c, load_dataset())).row for c in (warm, warm.replace(warmup_epochs=0, beta=1.5)))
    assert first["train_loss"] == lower["train_loss"] and first["rate"] == lower["rate"]


def test_divergence_is_told_and_nothing_is_published(store):
    config = SMALL.replace(learning_rate=1.0, beta=1e3)
    with pytest.raises(TrainingError, match="Lower learning_rate"):
        train(config, store)
    assert store.run(resolve(config)).status() is Status.FAILED


def test_a_failed_run_says_why_and_can_be_resumed(store):
    def fail(_row):
        raise TrainingError("out of luck")

    with pytest.raises(TrainingError):
        train(SMALL, store, on_epoch=fail)
    run = store.run(resolve(SMALL))
    assert run.status() is Status.FAILED and "out of luck" in run.error()
    assert train(SMALL, store).status() is Status.COMPLETE and not (run.path / ERROR).exists()


def test_changed_data_is_refused(store):
    config = resolve(SMALL)
    with pytest.raises(DataError, match="not the images that are meant"):
        train(config.replace(data_digest="0" * 16), store)


def test_out_of_memory_says_what_to_lower():
    def explode(_fraction):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(TrainingError, match=r"Lower batch_size \(now 64\)"):
        list(fit(SMALL, load_dataset("tiny"), on_batch=explode))


def test_unknown_or_absent_devices_are_named():
    with pytest.raises(ConfigError, match="'gpu' is not known; choose one of auto, cpu, cuda, mps"):
        list(fit(SMALL, load_dataset("tiny"), device="gpu"))
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="'cuda' is not available"):
            list(fit(SMALL, load_dataset("tiny"), device="cuda"))


def test_files_of_a_run_hold_no_pickle(trained):
    files = list(trained["vae"].path.rglob("*"))
    assert len(files) > 8
    for path in files:
        assert path.suffix in ("", ".json", ".jsonl", ".npz", ".png", ".safetensors"), path
    json.loads((trained["vae"].path / "config.json").read_text())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_a_step_does_not_ask_the_system_for_its_memory_again():
    """Gradients of megabytes, freed and made anew: with `prepare` their pages are the process's own already."""
    script = """
import resource, torch
from core.hardware import device
from core.config import RunConfig
from core.models.build import build_model
device.prepare()
model, images = build_model(RunConfig(trunk="mlp-400", latent_dim=20)), torch.rand(128, 1, 28, 28)
def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        model.zero_grad(set_to_none=True)
        model.loss(images).backward()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(10)
print(faults(20))
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(answer.stdout) < 20 * 50, "hundreds a step without it"
