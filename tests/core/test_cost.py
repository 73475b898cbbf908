"""What a training costs is said before it starts, and is near what it takes."""

import pytest

from core.config import QUICK, RunConfig
from core.data.sources import DATASETS
from core.models.build import build_model
from core.training.cost import cost, duration, memory, sizes
from core.training.duration import Speeds, Work
from core.training.memory import activations, memory_mb, parameters
from tests.benchmarks import bench_memory

CASES = [
    {},
    {"model": "ae", "latent_dim": 2},
    {"dataset": "emoji", "trunk": "mlp-400", "latent_dim": 32},
    {"dataset": "folder:x?color=1&size=64"},
]


@pytest.mark.parametrize("fields", CASES)
def test_parameters_are_those_of_the_network(fields):
    config = RunConfig(**{"likelihood": "gaussian", **fields})
    assert parameters(config) == sum(p.numel() for p in build_model(config).parameters())


@pytest.mark.parametrize("fields", CASES)
def test_activations_are_the_numbers_that_pass_through_the_network(fields):
    import torch

    config, seen = RunConfig(**fields), []
    model = build_model(config)
    for layer in (*model.encoder.layers, *model.decoder.layers):
        layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output[0].numel()))
    images = torch.rand(1, *config.shape.chw)
    model.decode(model.encode(images).mean)
    assert activations(config) == [images.numel(), *seen]


def test_memory_grows_with_the_images_their_size_and_the_batch():
    color = RunConfig(dataset="folder:x?color=1&size=64")
    assert memory_mb(color, 10_000, 2_000) - memory_mb(color, 5_000, 1_000) == pytest.approx(17_000 * 12288 / 1e6)
    assert memory_mb(RunConfig(batch_size=4096), 4000, 1000) > memory_mb(RunConfig(), 4000, 1000) + 100
    assert memory_mb(color, 4000, 1000) > memory_mb(RunConfig(), 4000, 1000) + 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conv, d = 16", "emoji, mlp"])
def test_the_estimate_is_within_a_quarter_of_the_peak(name):
    config = RunConfig(epochs=1, **bench_memory.CASES[name])
    estimate = bench_memory.estimated_mb(config)
    assert estimate == pytest.approx(bench_memory.peak_mb(config), rel=bench_memory.TOLERANCE)


def test_the_time_is_that_of_its_kind_or_follows_from_others(tmp_path):
    speeds, grey = Speeds(tmp_path / "speed.json"), RunConfig(**QUICK)
    assert speeds.estimate(grey, 4000, 1000) is None
    speeds.learn(grey, "cpu", 1e-4, 6.0)
    assert speeds.estimate(grey.replace(epochs=12), 4000, 1000) == pytest.approx(12.0)
    color = RunConfig(dataset="folder:a b?color=1&size=64", **QUICK)
    expected = 1e-4 * 12288 / 784 * Work(color, 500, 100).total
    assert speeds.estimate(color, 500, 100) == pytest.approx(expected)
    speeds.learn(color, "cpu", 2e-3, 60.0)
    assert speeds.estimate(color, 500, 100) == pytest.approx(60.0)
    other = RunConfig(dataset="folder:c", **QUICK)  # the median of 1e-4 / 784 and 2e-3 / 12288 a number
    assert speeds.estimate(other, 500, 100) == pytest.approx(
        (1e-4 / 784 + 2e-3 / 12288) / 2 * 784 * Work(other, 500, 100).total
    )


def test_the_words_name_both(tmp_path):
    speeds = Speeds(tmp_path / "speed.json")
    assert "MB of memory; how long it takes is known once" in cost(RunConfig(), (4000, 1000), speeds)
    speeds.learn(RunConfig(), "cpu", 1e-4, 50.0)
    assert cost(RunConfig(), (4000, 1000), speeds).startswith("about 50 s and ")
    assert cost(RunConfig(), None, speeds) == ""
    assert [duration(s) for s in (0.2, 61, 200, 7200)] == ["1 s", "61 s", "3 min", "2 h"]
    assert [memory(m) for m in (423.0, 1449.0)] == ["420 MB", "1.4 GB"]


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.embedded])
def test_sizes_are_those_of_the_images(name):
    from core.data.datasets import load_dataset

    data = load_dataset(name)
    assert sizes(name) == (len(data.train_images), len(data.test_images))
