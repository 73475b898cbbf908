"""Images a second that the page trains in its worker, beside PyTorch with one thread: `bench_browser --only training`.

The recipe of trainings on request. Page and PyTorch take turns, a few batches each; medians over batches, so neither a
compiler's first look nor another process's moment counts. "plain" leaves out the browser's fused multiply-add.
Wanted: 0.6 of PyTorch's speed, 0.8 with fused multiply-add.
"""

from __future__ import annotations

import base64
import itertools
import statistics
import time

WANTED = {"fused": 0.8, "plain": 0.6}
BATCHES, ROUNDS = 8, 3  # batches that count in a round, after two that do not; rounds
PAGE = """import { startTraining } from "./web/training/client.js";
Object.assign(window, { startTraining, ready: true });"""
RUN = """([script, start, batches]) => new Promise((done, failed) => {
  const times = [];
  let training = null;
  const hear = (message) => {
    if (message.type === "progress") times.push(message.imagesPerSecond);
    if (times.length === batches + 2 && training) {
      training.end();
      done(times.slice(2));
    }
    if (message.type === "error") failed(new Error(message.message));
  };
  startTraining(script, start, hear).then((started) => { training = started; });
})"""


def training(browser, _frames: int) -> bool:
    """Prints a line for each network; True if the page is as fast as wanted."""
    import torch

    from core.config import QUICK, RunConfig
    from core.data.datasets import load_dataset
    from core.hardware.device import set_threads
    from core.models.trunks import describe
    from core.training.loop import fit
    from dashboard.components import page_training
    from dashboard.components.scripts import bundled

    set_threads(1)
    dataset, fine = load_dataset(), True
    page = browser.new_page()
    page.add_script_tag(content=bundled(PAGE), type="module")
    page.wait_for_function("window.ready")
    script = page_training.worker_script()
    scripts = {
        "fused": script,
        "plain": script.replace("for (const relaxed of [true, false])", "for (const relaxed of [false])"),
    }
    assert scripts["fused"] != scripts["plain"], "the choice of instructions is written in another way"

    def address(data: bytes, kind: str) -> str:
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"

    class Enough(Exception):
        pass

    def torch_speed(config: RunConfig) -> list[float]:
        stamps: list[float] = []

        def on_batch(_: float) -> None:
            stamps.append(time.perf_counter())
            if len(stamps) == BATCHES + 2:
                raise Enough

        try:
            for _ in fit(config, dataset, "cpu", on_batch=on_batch):
                pass
        except Enough:
            pass
        assert torch.get_num_threads() == 1, "PyTorch has more threads than one"
        return [config.batch_size / (b - a) for a, b in itertools.pairwise(stamps[1:])]

    print(f"{'training, images a second':34}{'PyTorch':>10}{'fused':>9}{'':>7}{'plain':>9}")
    for name, fields in {
        "conv, d = 16": {},
        "mlp, d = 2": {"latent_dim": 2},
        "conv, d = 16, AE": {"model": "ae"},
    }.items():
        config = RunConfig(**{"model": "vae"} | fields, train_size=2000, **QUICK)
        png, counts = page_training.picture(config, dataset)
        start = {
            "config": config.to_dict(),
            "layers": describe(config.trunk, config.latent_dim),
            "images": {"url": address(png, "image/png"), **counts},
            "seed": 0,
        }
        speeds: dict[str, list[float]] = {"PyTorch": [], "fused": [], "plain": []}
        for _ in range(ROUNDS):
            speeds["PyTorch"] += torch_speed(config)
            for kind, text in scripts.items():
                speeds[kind] += page.evaluate(RUN, [address(text.encode(), "text/javascript"), start, BATCHES])
        middle = {kind: statistics.median(values) for kind, values in speeds.items()}
        ratios = {kind: middle[kind] / middle["PyTorch"] for kind in WANTED}
        late = [kind for kind, ratio in ratios.items() if ratio < WANTED[kind]]
        fine &= not late
        cells = "".join(f"{middle[kind]:>9.0f}{f'({ratio:.2f})':>7}" for kind, ratio in ratios.items())
        print(f"{name:34}{middle['PyTorch']:>10.0f}{cells}{'   slower than wanted' if late else ''}", flush=True)
    page.close()
    return fine
