"""The networks in the page compute what torch computes: every architecture, in a real browser."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch
from architectures import architectures, shaped
from safetensors.torch import save

from core.config import ACTIVATIONS, TRUNKS, RunConfig
from core.models.build import build_model
from core.models.objectives import FIXED, Gaussian
from core.models.trunks import Layer, dense
from dashboard.components.assets import ACTIVATIONS as PAGE_ACTIVATIONS
from dashboard.components.assets import LAYER_KINDS, not_in_page
from dashboard.components.networks import layers_of, with_layers
from dashboard.components.scripts import COMPONENTS, bundled, joined

ARCHITECTURES = architectures()
SHAPES = shaped(
    (
        ("conv", "sprites", "calibrated"),
        ("mlp", "sprites", "calibrated"),
        ("mlp-400", "folder:any?color=1", "bernoulli"),
        ("conv", "folder:any?color=1", "calibrated"),
        ("conv", "folder:any?size=32", "bernoulli"),
        ("conv", "folder:any?size=64", "calibrated"),
        ("conv", "celeba", "gaussian"),
    )
)
# Convolutions that no trunk has yet: odd kernels, strides of 1, 2 and 7, channels that are no multiple of anything.
OTHERS = {
    "same size": (Layer("conv", 1, 3, 3, 1, 1), Layer("conv", 3, 6, 5, 1, 2), *dense(6 * 28 * 28, 20)),
    "large steps": (Layer("conv", 1, 12, 7, 7, 0), *dense(12 * 4 * 4, 30, 7)),
    "overlapping": (Layer("conv", 1, 8, 6, 2, 2), Layer("conv", 8, 9, 2, 2, 0), *dense(9 * 7 * 7, 33)),
    "one channel": (
        Layer("conv", 1, 1, 3, 1, 1),
        Layer("conv", 1, 1, 4, 2, 1),
        Layer("conv", 1, 5, 4, 2, 1),
        *dense(5 * 7 * 7, 10),
    ),
}
BETA = 2.5
RUN = """([weights, images, codes, n, beta]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const floats = (text) => new Float32Array(bytes(text));
  const text = (values) => {
    const b = new Uint8Array(new Float32Array(values).buffer);
    return btoa(Array.from(b, (v) => String.fromCharCode(v)).join(""));
  };
  const network = new Network(bytes(weights));
  const {mean, logvar} = network.encode(floats(images), n, beta);
  const logits = network.decode(floats(codes), n, beta).slice();
  const one = network.decode(floats(codes), 1, beta);  // the path for a single image is another one
  const image = floats(images).subarray(0, network.format.pixels), { likelihood } = network.config;
  return {
    mean: text(mean), logvar: logvar && text(logvar), logits: text(logits), one: text(one),
    image: text(network.decodeImage(floats(codes), n, beta)),
    sigma: text(stddev(logvar, mean.length)), kl: logvar && text(klPerDim(mean, logvar)),
    bernoulli: text([distortion(logits, image)]),
    gaussian: text([distortion(logits, image, "gaussian")]),
    own: text([distortion(logits, image, likelihood, network.logSigma(beta))]),
  };
}"""


NAMES = {
    "heap": "Heap",
    "kernel_code": "kernelModule",
    "kernels": "KINDS, packed",
    "layers": "LAYER_KINDS",
    "shapes": "UnsupportedNetwork",
    "networks": "Network",
    "posterior": "distortion, klPerDim, normals, reparameterise, stddev",
    "weights": "parseSafetensors",
}
MODULE = "\n".join(f'import {{ {names} }} from "./web/{module}.js";' for module, names in NAMES.items())


@pytest.fixture(scope="module")
def page(dashboard_browser):
    """An empty page with networks.js in it; nothing is loaded from anywhere."""
    page, names = dashboard_browser.new_page(), ", ".join(NAMES.values())
    page.add_script_tag(
        content=bundled(f"{MODULE}\nObject.assign(window, {{ {names} }}); window.ready = true;"), type="module"
    )
    page.wait_for_function("window.ready")
    yield page
    page.close()


def text(values: torch.Tensor | bytes) -> str:
    return base64.b64encode(values if isinstance(values, bytes) else values.numpy().tobytes()).decode()


def run(
    page, weights: bytes, images: torch.Tensor, codes: torch.Tensor, beta: float = BETA
) -> dict[str, np.ndarray | None]:
    """What the page's network makes of images (n, C, H, W) and codes (n, d); numbers travel as base64, for speed."""
    got = page.evaluate(RUN, [text(weights), text(images), text(codes), len(images), beta])
    return {key: value and np.frombuffer(base64.b64decode(value), np.float32) for key, value in got.items()}


def perturbed(config: RunConfig) -> torch.nn.Module:
    """A model with noise on every weight, so that FiLM layers and output biases, which start at 0, take part."""
    model, generator = build_model(config).eval().requires_grad_(False), torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


def file_of(model: torch.nn.Module, dtype: torch.dtype = torch.float32) -> bytes:
    """A model's weights as the page gets them."""
    config = model.config
    weights = save({k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}, {"config": config.to_json()})
    return with_layers(weights, layers_of(config))


TOLERANCES = {torch.float16: 1e-3, torch.float32: 1e-4}
ROWS = 19  # more than one chunk, and an odd number


@pytest.mark.parametrize(("number", "name"), list(enumerate(ARCHITECTURES)), ids=ARCHITECTURES)
def test_agrees_with_torch(page, number, name):
    """Every architecture once, kept in either of the two number formats in turns."""
    dtype, tolerance = list(TOLERANCES.items())[(number + number // len(ACTIVATIONS)) % 2]
    agrees(page, perturbed(RunConfig(**ARCHITECTURES[name])), tolerance, dtype, ROWS)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), list(TOLERANCES.items()))
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_agrees_with_torch_in_either_format(page, name, dtype, tolerance):
    agrees(page, perturbed(RunConfig(**ARCHITECTURES[name])), tolerance, dtype, ROWS)


@pytest.mark.parametrize("name", SHAPES)
def test_images_of_any_shape_and_likelihood_agree_with_torch(page, name):
    agrees(page, perturbed(RunConfig(**SHAPES[name])), 1e-4, torch.float32, n=17)


@pytest.mark.parametrize("name", OTHERS)
def test_any_kernel_stride_and_padding_agrees_with_torch(page, monkeypatch, name):
    monkeypatch.setitem(TRUNKS, "other", lambda _shape: OTHERS[name])
    agrees(page, perturbed(RunConfig(model="multirate", trunk="other", latent_dim=3)), 1e-4, torch.float32, n=17)


def agrees(page, model: torch.nn.Module, tolerance: float, dtype: torch.dtype, n: int) -> None:
    config, weights = model.config, file_of(model, dtype)
    generator = torch.Generator().manual_seed(2)
    images, codes = (
        torch.rand(n, *config.shape.chw, generator=generator),
        torch.randn(n, config.latent_dim, generator=generator),
    )
    got = run(page, weights, images, codes)

    reference = model.at(BETA) if config.model == "multirate" else model
    posterior, logits = reference.encode(images), reference.decode(codes)
    expected = {
        "mean": posterior.mean,
        "sigma": posterior.stddev,
        "logits": logits,
        "one": logits[0],
        "image": torch.sigmoid(logits),
    }
    if config.model == "ae":
        assert got["logvar"] is None and got["kl"] is None
    else:
        expected |= {"logvar": posterior.logvar, "kl": posterior.kl()}
    for key, value in expected.items():
        scale = max(1.0, float(value.abs().max()))  # KLs reach hundreds of nats
        assert np.abs(got[key] - value.numpy().ravel()).max() < tolerance * scale, key
    floor = float(Gaussian.floor(images[:1]).abs())  # a density's distortion may be near 0
    for key, likelihood in {**FIXED, "own": reference.likelihood}.items():
        nats = float(likelihood.distortion(logits[:1], images[:1]))
        assert float(got[key][0]) == pytest.approx(nats, rel=tolerance, abs=tolerance * floor), key


def test_multirate_networks_depend_on_beta(page):
    config = RunConfig(model="multirate")
    model = perturbed(config)
    weights = file_of(model)
    images, codes = torch.rand(1, 1, 28, 28), torch.randn(1, 16)
    low, high = (run(page, weights, images, codes, beta)["logits"] for beta in (0.1, 10))
    assert np.abs(low - high).max() > 1e-2


def test_half_precision_values_are_exact(page):
    """Every finite 16-bit float is read as numpy reads it, subnormals and both zeros included."""
    bits = np.arange(65536, dtype=np.uint16)
    values = bits.view(np.float16)
    tensor = torch.from_numpy(np.where(np.isfinite(values), values, 0).astype(np.float16))
    got = page.evaluate(
        "(t) => [...parseSafetensors(Uint8Array.from(atob(t), (c) => c.charCodeAt(0)).buffer).tensors.x.data]",
        text(save({"x": tensor})),
    )
    assert np.array_equal(np.array(got, np.float32), tensor.float().numpy())


@pytest.mark.parametrize("name", sorted(path.parent.name for path in COMPONENTS.glob("*/__init__.py")))
def test_the_files_of_a_component_make_one_module(page, name):
    load = """(text) => import(URL.createObjectURL(new Blob([text], {type: 'text/javascript'})))
      .then((module) => typeof module.default)"""
    assert page.evaluate(load, joined(COMPONENTS / name / f"{name}.js")) == "function"


def test_bad_weights_are_named(page):
    read = """(t) => {
      try { parseSafetensors(Uint8Array.from(atob(t), (c) => c.charCodeAt(0)).buffer); return ''; }
      catch (e) { return e.message; }
    }"""
    assert "not a safetensors file" in page.evaluate(read, text(b"GIF89a not weights at all"))
    assert "I64" in page.evaluate(read, text(save({"x": torch.zeros(2, dtype=torch.int64)})))


def test_noise_is_normal_and_repeats(page):
    draw = "(seed) => { const next = normals(seed); return Array.from({length: 20000}, next); }"
    first, again, other = (np.array(page.evaluate(draw, seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03
    assert abs(np.mean(np.abs(first) < 1) - 0.6827) < 0.02


def test_a_cloud_is_sampled_and_a_point_is_not(page):
    sample = """([mean, logvar]) => [...reparameterise(
      Float32Array.from(mean), logvar && Float32Array.from(logvar), Float32Array.of(1, -2))]"""
    assert page.evaluate(sample, [[0.5, 1.0], None]) == [0.5, 1.0]
    assert page.evaluate(sample, [[0.5, 1.0], [0.0, 0.0]]) == [1.5, -1.0]


@pytest.mark.parametrize("name", ["vae-conv-silu", "multirate-mlp-relu"])
@pytest.mark.parametrize("module", ["without fused multiply-add", "without WebAssembly"])
def test_an_older_browser_computes_the_same(page, name, module):
    """Where relaxed SIMD or WebAssembly is missing, the same numbers come out."""
    config = RunConfig(**ARCHITECTURES[name])
    weights = file_of(perturbed(config))
    arguments = weights, torch.rand(19, 1, 28, 28), torch.randn(19, config.latent_dim)
    assert page.evaluate("WebAssembly.validate(kernelModule(true)) && Heap.module !== null"), (
        "this browser has fused multiply-add"
    )
    fast = run(page, *arguments)
    page.evaluate(
        "(compiled) => { Heap.kept = Heap.compiled; "
        "Heap.compiled = compiled && new WebAssembly.Module(kernelModule(false)); }",
        module.endswith("add"),
    )
    try:
        slow = run(page, *arguments)
    finally:
        page.evaluate("() => { Heap.compiled = Heap.kept; }")
    assert not np.array_equal(fast["logits"], slow["logits"]), "it did not compute in another way"
    for key in ("mean", "logvar", "logits", "one", "image"):
        assert np.allclose(fast[key], slow[key], rtol=1e-4, atol=1e-5), key


@pytest.mark.parametrize(("m", "n", "k"), [(1, 8, 1), (3, 16, 2), (4, 8, 4), (5, 24, 7), (49, 40, 32), (16, 8, 785)])
def test_the_product_is_right_at_every_remainder(page, m, n, k):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    product = """([A, B, m, n, k]) => {
      const heap = new Heap();
      const right = heap.take(packed(k, n, (i, j) => B[i * n + j]));
      const places = [heap.take(Float32Array.from(A)), right, heap.take(m * n)];
      const guard = heap.take(Float32Array.from([7, 7, 7, 7]));
      heap.seal();
      heap.product(...places, m, n, k);
      return [...heap.floats.subarray(places[2], places[2] + m * n), ...heap.floats.subarray(guard, guard + 4)];
    }"""
    got = np.array(page.evaluate(product, [a.ravel().tolist(), b.ravel().tolist(), m, n, k]))
    assert np.allclose(got[:-4].reshape(m, n), a @ b, rtol=1e-4, atol=1e-4) and (got[-4:] == 7).all()


def test_the_server_knows_what_the_page_has_code_for(page):
    assert page.evaluate("Object.keys(LAYER_KINDS)") == list(LAYER_KINDS)
    assert set(page.evaluate("Object.keys(KINDS)")) == {*PAGE_ACTIVATIONS, "none", "sigmoid"}
    assert not_in_page(*(RunConfig(**fields) for fields in ARCHITECTURES.values())) == "", (
        "all that this project trains"
    )


def test_what_the_page_cannot_run_is_refused_by_name(page):
    model = perturbed(RunConfig(model="vae", trunk="conv"))
    weights = save(model.state_dict(), {"config": model.config.to_json()})
    layers = layers_of(model.config)
    read = """(t) => { try { new Network(Uint8Array.from(atob(t), (c) => c.charCodeAt(0)).buffer); return []; }
      catch (e) { return [e instanceof UnsupportedNetwork, e.message]; } }"""

    def refusal(file: bytes) -> list:
        return page.evaluate(read, text(file))

    def changed(**fields) -> dict:
        return {**layers, "encoder": [{**layers["encoder"][0], **fields}, *layers["encoder"][1:]]}

    assert refusal(with_layers(weights, layers)) == []
    assert refusal(with_layers(weights, changed(kind="pool"))) == [True, 'a layer of the kind "pool"']
    assert refusal(with_layers(weights, changed(kind="constructor"))) == [True, 'a layer of the kind "constructor"']
    assert refusal(with_layers(weights, changed(kernel=3)))[0] is False, (
        "a description that is not the weights' is an error"
    )
    assert refusal(weights)[0], "a file without a description"
    other = save(
        model.state_dict(), {"config": json.dumps({**json.loads(model.config.to_json()), "activation": "gelu"})}
    )
    assert refusal(with_layers(other, layers)) == [True, 'the activation "gelu"']
