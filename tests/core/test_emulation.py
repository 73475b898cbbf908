"""No step computes in a type that the processor has to emulate: every operation of every path is watched.

A processor without bf16 or fp16 instructions computes in them all the same, tens of times slower. So which types a
processor multiplies natively decides (`core.hardware.device.products`), and where it does not, no operation may see
such a tensor. Rounding what is stored (fp16 weights and codes of a finished run) is one conversion, not computation,
and allowed.
"""

import contextlib

import pytest
import torch
from test_every_setting import OTHERS
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core.config import MODELS, OPTIMISERS, QUICK, TRUNKS, WITHOUT_EFFECT, ConfigError, RunConfig
from core.data.datasets import load_dataset
from core.hardware.device import amx_allowed, products
from core.training import evaluation, loop, train_run

SMALL_TYPES = (torch.bfloat16, torch.float16)
STORING = (
    "aten::_to_copy",
    "aten::copy_",
    "aten::clone",
    "aten::contiguous",
    "aten::detach",
    "aten::empty",
    "aten::view",
    "aten::alias",
    "aten::lift_fresh",
)


class Watch(TorchDispatchMode):
    """Notes each operation that reads or writes a tensor of a small type, or may round its inputs to one.

    Conversions are left out; `seen` counts all operations.
    """

    def __init__(self):
        super().__init__()
        self.small, self.seen = set(), 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)]
        name = function._schema.name
        self.seen += 1
        if any(t.dtype in SMALL_TYPES for t in tensors) and not name.startswith(STORING):
            self.small.add(name)
        if torch.backends.mkldnn.matmul.fp32_precision == "bf16":  # products of fp32 tensors that are rounded inside
            self.small.add(f"{name}, rounded")
        return result


@pytest.fixture
def without_bf16(monkeypatch):
    """A CPU without bf16 instructions, whatever this one has."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.delenv("POINT_OR_CLOUD_PRECISION", raising=False)
    assert products(torch.device("cpu")) == "fp32"


@pytest.mark.parametrize(
    ("most", "allowed"),
    [(None, True), ("DEFAULT", True), ("AVX512_CORE_AMX", True), ("AVX2", False), ("avx512_core", False)],
)
def test_amx_that_may_not_be_used_is_not_counted_on(monkeypatch, most, allowed):
    monkeypatch.delenv("POINT_OR_CLOUD_PRECISION", raising=False)
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    if most:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", most)
    assert amx_allowed() is allowed
    has_amx = torch.cpu.get_capabilities().get("amx_bf16", False)
    assert products(torch.device("cpu")) == ("bf16" if allowed and has_amx else "fp32")


RECIPES = {"shipped": {}, "quick": QUICK} | {
    optimiser: {"optimiser": optimiser, "learning_rate": 1e-3} for optimiser in OPTIMISERS
}


@pytest.mark.usefixtures("without_bf16")
@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_no_step_of_training_computes_in_an_emulated_type(recipe, model, trunk):
    config = RunConfig(dataset="tiny", model=model, trunk=trunk, **(RECIPES[recipe] | {"epochs": 1}), train_size=128)
    with Watch() as watch:
        list(loop.fit(config, load_dataset("tiny"), "cpu"))
    assert watch.seen > 100 and not watch.small


@pytest.mark.usefixtures("without_bf16")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("setting", OTHERS)
def test_nor_with_another_value_of_any_setting(setting, model):
    tried = 0
    for value in OTHERS[setting]:
        with Watch() as watch, contextlib.suppress(ConfigError):  # what is refused trains nothing
            config = RunConfig(**(QUICK | {"dataset": "tiny", "model": model, "epochs": 1, "train_size": 64}))
            list(loop.fit(config.replace(**{setting: value}), load_dataset("tiny"), "cpu"))
            tried += 1
        assert not watch.small and (watch.seen > 100) is (watch.seen > 0)
    assert tried or setting in WITHOUT_EFFECT[model]


@pytest.mark.usefixtures("without_bf16")
@pytest.mark.parametrize("model", MODELS)
def test_nor_does_publishing_sampling_or_a_path(store, model):
    """A whole run with its pictures, evaluation and half-precision files; then what pages do with it."""
    from core.latent.interpolation import interpolate
    from core.latent.sampling import sample

    data, config = (
        load_dataset("tiny"),
        RunConfig(dataset="tiny", model=model, **(QUICK | {"epochs": 2}), train_size=128),
    )
    with Watch() as watch:
        run = train_run.train(config, store, "cpu")
        loaded = run.load_model().reference()
        evaluation.preview(loaded, data)
        for source in ("prior", "mixture"):
            sample(loaded, 4, source, dataset=data)
        interpolate(loaded, data.floats("test")[0], data.floats("test")[1])
    assert watch.seen > 100 and not watch.small


@pytest.mark.usefixtures("without_bf16")
@pytest.mark.parametrize("model", MODELS)
def test_nor_does_any_command_of_the_terminal(tmp_path, model):
    from core.cli.main import main

    folder = ["--store", str(tmp_path / "runs")]
    named = [f"{model}-tiny", *folder]
    commands = [
        ["train", "--dataset", "tiny", "--model", model, "--epochs", "2", "--train-size", "64", *folder],
        ["evaluate", *named],
        ["sample", *named, "--source", "mixture", "--out", str(tmp_path / "samples.png")],
        ["interpolate", *named, "--out", str(tmp_path / "path.png")],
        ["export", *named, "--out", str(tmp_path / "run.zip")],
    ]
    found = {}
    for command in commands:
        with Watch() as watch:
            found[command[0]] = main(command), watch.small
    assert found == dict.fromkeys(("train", "evaluate", "sample", "interpolate", "export"), (0, set()))


@pytest.mark.usefixtures("without_bf16")
@pytest.mark.slow
def test_nor_does_the_scorecard(trained):
    from core.metrics import judge_training, scores

    data = load_dataset("tiny")
    with Watch() as watch:
        found = scores.score_run(trained["vae"], data, judge_training.train_judge(data), fresh=True, keep=False)
    assert watch.seen > 100 and not watch.small and set(scores.PARTS) <= set(found)


@pytest.mark.usefixtures("without_bf16")
def test_nor_does_the_judge():
    from core.metrics import judge_training

    with Watch() as watch:
        trained = judge_training.train_judge(load_dataset("tiny"))
        trained.features_and_probabilities(load_dataset("tiny").test_images)
    assert watch.seen > 100 and not watch.small


@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_watch_sees_what_it_is_for(monkeypatch, optimiser, trunk):
    """Asked for bf16, training does compute in it: a watch that noticed nothing then would prove nothing above."""
    monkeypatch.setenv("POINT_OR_CLOUD_PRECISION", "bf16")
    config = RunConfig(dataset="tiny", epochs=1, train_size=64, optimiser=optimiser, trunk=trunk)
    with Watch() as watch:
        list(loop.fit(config, load_dataset("tiny"), "cpu"))
    assert any("convolution" in name or "mm" in name for name in watch.small)
