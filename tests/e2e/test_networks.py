"""The networks in the page compute what torch computes: every architecture, in a real browser."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch
from safetensors.torch import save
from serving import chromium

from core.config import RunConfig
from core.models import build_model
from dashboard.components.assets import script

# Trunk, activation and model cover every layer the forward pass knows; the shipped runs are among these.
ARCHITECTURES = {
    "vae-conv": dict(model="vae"),
    "ae-conv": dict(model="ae"),
    "vae-mlp-d2": dict(model="vae", latent_dim=2),
    "ae-mlp-d2": dict(model="ae", latent_dim=2),
    "vae-mlp-400-relu": dict(model="vae", trunk="mlp-400", activation="relu", latent_dim=20),
    "multirate-conv": dict(model="multirate"),
    "multirate-mlp": dict(model="multirate", trunk="mlp", latent_dim=2),
}
BETA = 2.5
RUN = """([weights, images, codes, n, beta]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const floats = (text) => new Float32Array(bytes(text));
  const text = (values) => { const b = new Uint8Array(new Float32Array(values).buffer); let s = ""; for (const v of b) s += String.fromCharCode(v); return btoa(s); };
  const network = new Network(bytes(weights));
  const {mean, logvar} = network.encode(floats(images), n, beta);
  const logits = network.decode(floats(codes), n, beta).slice();
  const one = network.decode(floats(codes), 1, beta);  // the path for a single image is another one
  return {
    mean: text(mean), logvar: logvar && text(logvar), logits: text(logits), one: text(one),
    image: text(network.decodeImage(floats(codes), n, beta)),
    sigma: text(stddev(logvar, mean.length)), kl: logvar && text(klPerDim(mean, logvar)),
    distortion: text([distortion(logits, floats(images))]), gaussian: text([distortion(logits, floats(images), "gaussian")]),
  };
}"""


@pytest.fixture(scope="module")
def page():
    """An empty page with networks.js in it; nothing is loaded from anywhere."""
    with chromium() as browser:
        page = browser.new_page()
        names = "Kernel, Network, parseSafetensors, stddev, klPerDim, reparameterise, distortion, normals"
        page.add_script_tag(content=f"{script('networks.js')}\nObject.assign(window, {{{names}}}); window.ready = true;", type="module")
        page.wait_for_function("window.ready")
        yield page


def text(values: torch.Tensor | bytes) -> str:
    return base64.b64encode(values if isinstance(values, bytes) else values.numpy().tobytes()).decode()


def run(page, weights: bytes, images: torch.Tensor, codes: torch.Tensor, beta: float = BETA) -> dict[str, np.ndarray | None]:
    """What the page's network makes of images (n, 1, 28, 28) and codes (n, d); numbers travel as base64, which is quick."""
    got = page.evaluate(RUN, [text(weights), text(images), text(codes), len(images), beta])
    return {key: value and np.frombuffer(base64.b64decode(value), np.float32) for key, value in got.items()}


def perturbed(config: RunConfig) -> torch.nn.Module:
    """A model with noise on every weight, so that FiLM layers and output biases, which start at 0, take part."""
    model, generator = build_model(config).eval().requires_grad_(False), torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.mark.parametrize("dtype, tolerance", [(torch.float16, 1e-3), (torch.float32, 1e-4)])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_agrees_with_torch(page, name, dtype, tolerance):
    config = RunConfig(**ARCHITECTURES[name])
    model, n = perturbed(config), 19  # more than one chunk, and an odd number of rows
    weights = save({k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}, {"config": config.to_json()})
    generator = torch.Generator().manual_seed(2)
    images, codes = torch.rand(n, 1, 28, 28, generator=generator), torch.randn(n, config.latent_dim, generator=generator)
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
    from core.objectives import LIKELIHOODS

    for key, likelihood in (("distortion", "bernoulli"), ("gaussian", "gaussian")):
        assert float(got[key][0]) == pytest.approx(float(LIKELIHOODS[likelihood].distortion(logits[:1], images[:1])), rel=tolerance)


def test_multirate_networks_depend_on_beta(page):
    config = RunConfig(model="multirate")
    model = perturbed(config)
    weights = save(model.state_dict(), {"config": config.to_json()})
    images, codes = torch.rand(1, 1, 28, 28), torch.randn(1, 16)
    low, high = (run(page, weights, images, codes, beta)["logits"] for beta in (0.1, 10))
    assert np.abs(low - high).max() > 1e-2


def test_half_precision_values_are_exact(page):
    """Every finite 16-bit float is read as numpy reads it, subnormals and both zeros included."""
    bits = np.arange(65536, dtype=np.uint16)
    values = bits.view(np.float16)
    tensor = torch.from_numpy(np.where(np.isfinite(values), values, 0).astype(np.float16))
    got = page.evaluate("(t) => [...parseSafetensors(Uint8Array.from(atob(t), (c) => c.charCodeAt(0)).buffer).tensors.x.data]", text(save({"x": tensor})))
    assert np.array_equal(np.array(got, np.float32), tensor.float().numpy())


def test_bad_weights_are_named(page):
    read = "(t) => { try { parseSafetensors(Uint8Array.from(atob(t), (c) => c.charCodeAt(0)).buffer); return ''; } catch (e) { return e.message; } }"
    assert "not a safetensors file" in page.evaluate(read, text(b"GIF89a not weights at all"))
    assert "I64" in page.evaluate(read, text(save({"x": torch.zeros(2, dtype=torch.int64)})))


def test_noise_is_normal_and_repeats(page):
    draw = "(seed) => { const next = normals(seed); return Array.from({length: 20000}, next); }"
    first, again, other = (np.array(page.evaluate(draw, seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03
    assert abs(np.mean(np.abs(first) < 1) - 0.6827) < 0.02


def test_a_cloud_is_sampled_and_a_point_is_not(page):
    sample = "([mean, logvar]) => [...reparameterise(Float32Array.from(mean), logvar && Float32Array.from(logvar), Float32Array.of(1, -2))]"
    assert page.evaluate(sample, [[0.5, 1.0], None]) == [0.5, 1.0]
    assert page.evaluate(sample, [[0.5, 1.0], [0.0, 0.0]]) == [1.5, -1.0]


@pytest.mark.parametrize("name", ["vae-conv", "multirate-mlp"])
def test_javascript_stands_in_for_the_vector_kernel(page, name):
    """Where WebAssembly is missing, the same numbers come out of the plain loops."""
    config = RunConfig(**ARCHITECTURES[name])
    weights = save(perturbed(config).state_dict(), {"config": config.to_json()})
    arguments = weights, torch.rand(19, 1, 28, 28), torch.randn(19, config.latent_dim)
    assert page.evaluate("Kernel.get() !== null"), "this browser has the kernel"
    fast = run(page, *arguments)
    page.evaluate("() => { Kernel.kept = Kernel.module; Kernel.module = null; }")
    slow = run(page, *arguments)
    page.evaluate("() => { Kernel.module = Kernel.kept; }")
    for key in ("mean", "logvar", "logits", "one"):
        assert np.allclose(fast[key], slow[key], rtol=1e-4, atol=1e-5), key
