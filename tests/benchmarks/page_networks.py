"""Milliseconds of a forward pass in the page, for one image and for 36, for each architecture."""

from __future__ import annotations

import base64

TIME = """([weights, d, repeats]) => {
  const network = new Network(Uint8Array.from(atob(weights), (c) => c.charCodeAt(0)).buffer);
  const random = (n) => Float32Array.from({length: n}, Math.random);
  const median = (f) => {
    for (let i = 0; i < 20; i++) f(i);
    const timed = (i) => { const t = performance.now(); f(i); return performance.now() - t; };
    const times = Array.from({length: repeats}, (_, i) => timed(i));
    return times.sort((a, b) => a - b)[repeats >> 1];
  };
  const one = random(784), many = random(36 * 784), z = random(d), zs = random(36 * d);
  const beta = (i) => 0.1 + (i % 90) / 10;
  return {
    "encode 1": median((i) => network.encode(one, 1, beta(i))),
    "decode 1": median((i) => network.decodeImage(z, 1, beta(i))),
    "encode 36": median((i) => network.encode(many, 36, beta(i))),
    "decode 36": median((i) => network.decodeImage(zs, 36, beta(i))),
  };
}"""


def networks(browser, _frames: int, repeats: int = 31) -> None:
    from safetensors.torch import save

    from core.config import RunConfig
    from core.models.build import build_model
    from dashboard.components.networks import layers_of, with_layers
    from dashboard.components.scripts import bundled

    page = browser.new_page()
    page.add_script_tag(
        content=bundled(
            'import { Network } from "./web/networks.js";\nObject.assign(window, { Network, ready: true });'
        ),
        type="module",
    )
    page.wait_for_function("window.ready")
    print(f"{'network':24}{'encode 1':>10}{'decode 1':>10}{'encode 36':>11}{'decode 36':>11}   ms, median of {repeats}")
    for name, fields in {
        "conv, d = 16": {"model": "vae"},
        "mlp, d = 2": {"model": "vae", "latent_dim": 2},
        "multi-rate conv, d = 16": {"model": "multirate"},
    }.items():
        config = RunConfig(**fields)
        weights = save(
            {k: v.half().contiguous() for k, v in build_model(config).state_dict().items()},
            {"config": config.to_json()},
        )
        weights = with_layers(weights, layers_of(config))
        got = page.evaluate(TIME, [base64.b64encode(weights).decode(), config.latent_dim, repeats])
        print(
            f"{name:24}{got['encode 1']:>10.2f}{got['decode 1']:>10.2f}"
            f"{got['encode 36']:>11.1f}{got['decode 36']:>11.1f}"
        )
    page.close()
