"""Training in the page computes what core computes: gradients and steps of every architecture, in a real browser."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch
from architectures import architectures, shaped
from safetensors.torch import load, save
from serving import chromium

from core.config import QUICK, RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.models.build import build_model
from core.training.evaluation import evaluate
from core.training.loop import fit
from core.training.optimisation import SCHEDULES, Average, optimisers
from dashboard.components import page_training
from dashboard.components.networks import layers_of
from dashboard.components.scripts import bundled
from dashboard.components.sprites import sprite

IN_PAGE = ("bernoulli", "gaussian")  # likelihoods
N, STEPS = 19, 20  # images per batch, an odd number; batches
ARCHITECTURES = architectures(IN_PAGE)
SHAPES = shaped(
    (
        ("conv", "sprites", "calibrated"),
        ("mlp", "sprites", "calibrated"),
        ("mlp-400", "folder:any?color=1", "bernoulli"),
        ("conv", "folder:any?color=1", "gaussian"),
        ("conv", "folder:any?size=32", "calibrated"),
        ("conv", "celeba", "calibrated"),
    )
)
# One batch after another, images, noise and betas from core; what comes back is a safetensors file.
RUN = """([config, layers, weights, numbers, n, steps]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const { images, noise, betas } = parseSafetensors(bytes(numbers)).tensors;
  const pixels = layers.shape.reduce((a, b) => a * b);
  const trainer = new Trainer(config, layers, new Uint8Array(pixels * n), new Uint8Array(pixels), 0);
  const { network } = trainer, { parameters } = network, out = {};
  network.load(parseSafetensors(bytes(weights)).tensors);
  const keep = (name, tensors) => { for (const key in tensors) out[`${name} ${key}`] = tensors[key]; };
  const losses = new Float32Array(steps);
  for (let step = 0; step < steps; step++) {
    const part = ({ data }) => data.subarray(step * data.length / steps, (step + 1) * data.length / steps);
    network.images.set(part(images)); network.noise.set(part(noise)); network.betas.set(part(betas));
    const terms = trainer.gradients(n);
    losses[step] = terms.loss;
    trainer.move(terms);
    trainer.moved(terms);
    if (step === 0) keep("gradient", network.tensors(parameters.gradients));
  }
  keep("weight", network.tensors(parameters.weights));
  keep("mean", network.tensors(parameters.mean));
  out.losses = { shape: [steps], data: losses };
  let text = "";
  for (const byte of new Uint8Array(safetensors(out, {}))) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def text(values: bytes) -> str:
    return base64.b64encode(values).decode()


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        page = browser.new_page()
        code = (
            'import { Trainer, safetensors } from "./web/training/trainer.js";\n'
            'import { TrainingHeap } from "./web/training/heap.js";\n'
            'import { trainingModule } from "./web/training/kernel_code.js";\n'
            'import { startTraining } from "./web/training/client.js";\n'
            'import { readImages } from "./web/training/worker.js";\n'
            'import { parseSafetensors } from "./web/weights.js";\n'
            "Object.assign(window, { Trainer, TrainingHeap, trainingModule, parseSafetensors, safetensors });\n"
            "Object.assign(window, { readImages, startTraining, ready: true });"
        )
        page.add_script_tag(content=bundled(code), type="module")
        page.wait_for_function("window.ready")
        yield page


def perturbed(config: RunConfig) -> torch.nn.Module:
    """A model with noise on every weight, so that FiLM layers, which start at 0, take part."""
    model, generator = build_model(config), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.03 * torch.randn(parameter.shape, generator=generator))
    return model


def draws(config: RunConfig, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The betas (N,) and the noise (N, d) that `loss` draws from a generator with this seed."""
    generator = torch.Generator().manual_seed(seed)
    betas = torch.full((N,), config.beta or 0.0)
    if config.model == "multirate":
        betas = torch.rand(N, generator=generator).mul_(np.log(100)).add_(np.log(0.1)).exp_()
    return betas, torch.randn(N, config.latent_dim, generator=generator)


def compared(page, config: RunConfig, steps: int = STEPS) -> dict[str, float]:
    """Relative differences between the page and torch.

    Args:
        steps: batches; a network of another shape is large, and its images travel as text.

    Returns:
        losses: the largest of the steps'; gradient: the largest of the first batch's, relative to the largest number of
        its tensor; weight, mean: of all weights together, relative to how far they have moved. Single weights may
        differ: where a gradient is 0 but for rounding, Adam's first steps have the full size in either direction.
    """
    model = perturbed(config)
    before = {k: v.contiguous().clone() for k, v in model.state_dict().items()}
    images = torch.rand(steps, N, *config.shape.chw, generator=torch.Generator().manual_seed(2))
    drawn = [draws(config, seed) for seed in range(steps)]
    numbers = {
        "images": images,
        "betas": torch.stack([betas for betas, _ in drawn]),
        "noise": torch.stack([noise for _, noise in drawn]),
    }
    layers = layers_of(config)
    arguments = [config.to_dict(), layers, text(save(before)), text(save(numbers)), N, steps]
    got = load(base64.b64decode(page.evaluate(RUN, arguments)))

    steppers, average, expected, losses = optimisers(config, model), Average(model, config.averaging), {}, []
    for step in range(steps):
        model.zero_grad()
        loss = model.loss(images[step], torch.Generator().manual_seed(step))
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            expected |= {f"gradient {name}": p.grad.clone() for name, p in model.named_parameters()}
        for optimiser in steppers.values():
            optimiser.param_groups[0]["lr"] = config.learning_rate * SCHEDULES[config.schedule](step / config.epochs)
            optimiser.step()
        average.update(step)
    expected |= {f"weight {name}": p.detach() for name, p in model.named_parameters()}
    expected |= {f"mean {name}": p.detach() for name, p in average.model.named_parameters()}
    assert set(got) == {*expected, "losses"}
    off = {"losses": float((got["losses"] / torch.stack(losses) - 1).abs().max())}
    off["gradient"] = max(
        float((got[name] - value).abs().max() / value.abs().max().clamp(min=1e-6))
        for name, value in expected.items()
        if name.startswith("gradient")
    )
    for kind in ("weight", "mean"):
        names = [name for name in expected if name.startswith(kind)]
        moved = sum((expected[name] - before[name.split()[1]]).square().sum() for name in names).sqrt()
        off[kind] = float(sum((got[name] - expected[name]).square().sum() for name in names).sqrt() / moved)
    return off


EVERY_DAY = ("vae-conv-silu-bernoulli",)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in EVERY_DAY else pytest.mark.slow) for n in ARCHITECTURES]
)
def test_gradients_and_twenty_steps_are_those_of_torch(page, name):
    config = RunConfig(**ARCHITECTURES[name], **QUICK | {"epochs": STEPS, "batch_size": N})
    off = compared(page, config)
    assert off["gradient"] < 1e-4 and off["losses"] < 1e-3, off
    # After twenty steps with ReLU, torch in single precision is itself up to 2 % away from torch in double precision: a
    # unit that is on or off by a rounding has a gradient or none.
    tolerance = 0.1 if config.activation == "relu" else 1e-3
    assert off["weight"] < tolerance and off["mean"] < tolerance, off


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n == "multirate-conv-sprites-calibrated" else pytest.mark.slow) for n in SHAPES],
)
def test_images_of_any_shape_and_likelihood_have_the_gradients_of_torch(page, name):
    steps = 3
    config = RunConfig(**SHAPES[name], **QUICK | {"epochs": steps, "batch_size": N})
    off = compared(page, config, steps)
    assert off["gradient"] < 1e-4 and off["losses"] < 1e-3 and off["weight"] < 1e-2, off


def test_images_in_colour_arrive_as_they_were_sent(page):
    images = np.random.default_rng(0).integers(0, 256, (120, 3, 32, 32)).astype(np.uint8)
    read = """async ([url, shape]) => {
      const { train, test } = await readImages(
        { train: 70, test: 50, columns: 50, file: await (await fetch(url)).blob() }, shape
      );
      let text = "";
      for (const part of [train, test]) for (const byte of part) text += String.fromCharCode(byte);
      return btoa(text);
    }"""
    got = base64.b64decode(page.evaluate(read, [addressed(sprite(images), "image/png"), [3, 32, 32]]))
    assert np.array_equal(np.frombuffer(got, np.uint8), images.ravel())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["without fused multiply-add", "without WebAssembly"])
def test_an_older_browser_trains_as_well(page, module):
    """Where relaxed SIMD or WebAssembly is missing, the same gradients come out."""
    config = RunConfig(model="multirate", **QUICK | {"epochs": STEPS, "batch_size": N})
    replace = """(fused) => {
      TrainingHeap.kept = TrainingHeap.module;
      TrainingHeap.compiled = fused && new WebAssembly.Module(trainingModule(false));
    }"""
    page.evaluate(replace, module.endswith("add"))
    try:
        off = compared(page, config)
    finally:
        page.evaluate("() => { TrainingHeap.compiled = TrainingHeap.kept; }")
    assert off["gradient"] < 1e-4 and off["weight"] < 1e-3, off


# ---- a whole training, in a worker ----

TRAIN = """([script, start, limit]) => new Promise((done) => {
  const counts = {};
  let training = null;
  setTimeout(() => done({ type: "late", counts }), limit);
  const hear = ({ bytes, ...message }) => {
    counts[message.type] = 1 + (counts[message.type] ?? 0);
    if (message.type === "progress" && counts.progress === 2 && !counts.stopped) training.stop();
    if (message.type === "stopped") training.continue();
    if (message.type === "error" || message.type === "done") {
      let text = "";
      for (const byte of new Uint8Array(bytes ?? 0)) text += String.fromCharCode(byte);
      training.end();
      done({ ...message, bytes: btoa(text), counts });
    }
  };
  startTraining(script, start, hear).then((started) => { training = started; });
})"""


def addressed(data: bytes, kind: str) -> str:
    """An address that holds the data itself, as in an exported page."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def trained(page, config: RunConfig, dataset: Dataset, limit: int = 60, workers: int = 1) -> dict:
    """What the workers' last message says, with the counts of all; stopped and continued on the way."""
    png, counts = page_training.picture(config, dataset)
    start = {
        "config": config.to_dict(),
        "layers": layers_of(config),
        "images": {"url": addressed(png, "image/png"), **counts},
        "seed": config.seed,
        "workers": workers,
    }
    script = addressed(page_training.worker_script().encode(), "text/javascript")
    return page.evaluate(TRAIN, [script, start, 1000 * limit])


def test_the_images_arrive_as_they_were_sent(page):
    dataset = load_dataset()
    config = RunConfig(train_size=130)
    png, counts = page_training.picture(config, dataset)
    read = """async (images) => {
      const { train, test } = await readImages({
        ...images, file: await (await fetch(images.url)).blob()
      }, images.shape);
      let text = "";
      for (const part of [train, test]) for (const byte of part) text += String.fromCharCode(byte);
      return btoa(text);
    }"""
    got = np.frombuffer(base64.b64decode(page.evaluate(read, {"url": addressed(png, "image/png"), **counts})), np.uint8)
    sent = np.concatenate([dataset.train_images[:130], dataset.test_images[: counts["test"]]])
    assert np.array_equal(got, sent.ravel())


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_train_a_network_whose_figures_are_those_they_tell(page, workers):
    config = RunConfig(train_size=1600, **QUICK | {"epochs": 1})  # 20 batches: time to stop after the second
    dataset = load_dataset()
    first, again = (trained(page, config, dataset, workers=workers) for _ in range(2))
    assert first["type"] == "done", first
    assert first["counts"]["progress"] == 20 and first["counts"]["stopped"] == 1
    assert first["bytes"] == again["bytes"], "the same seed gives the same bits"
    model = build_model(config)
    model.load_state_dict(load(base64.b64decode(first["bytes"])))
    figures, told = evaluate(model.eval(), dataset, n=1000), first["figures"]
    assert told["rate"] == pytest.approx(figures["rate"], rel=1e-3)
    assert told["mse"] == pytest.approx(figures["mse"], rel=1e-3)
    assert told["distortion"] == pytest.approx(figures["distortion"], abs=1), "with other noise"
    assert told["active_units"] == figures["active_units"]


@pytest.mark.slow
@pytest.mark.parametrize(("beta", "workers"), [(None, 1), (0.25, 1), (1.0, 1), (4.0, 1), (None, 2), (1.0, 2)])
def test_a_whole_request_ends_where_the_servers_does(page, beta, workers):
    config = RunConfig(model="ae" if beta is None else "vae", beta=beta, **QUICK)
    dataset = load_dataset()
    told = trained(page, config, dataset, limit=300, workers=workers)
    assert told["type"] == "done", told
    *_, last = fit(config, dataset, "cpu")
    figure = "distortion" if beta is None else "neg_elbo"
    print(config.run_id, told["seconds"], told["figures"][figure], last.row[figure])
    assert told["figures"][figure] == pytest.approx(last.row[figure], abs=1.0)
    assert told["figures"]["mse"] == pytest.approx(last.row["mse"], rel=0.05)
