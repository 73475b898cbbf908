"""Images a second that the page trains in its workers, beside PyTorch with one thread: `bench_browser --only training`.

The recipe of trainings on request. PyTorch and the page, with one worker and with two, take turns. A round's speed is
its median over batches, and the best round counts, of both: two workers wait for each other, so where another process
takes one of two cores, both do. "plain" leaves out the browser's fused multiply-add. Meanwhile the page draws on every
frame.

Wanted: with one worker 0.6 of PyTorch's speed, 0.8 with fused multiply-add, and with two more than PyTorch's; 60 frames
a second; less than 200 MB for a worker.
Chromium throttles the page's main thread only, by keeping it busy: on two cores that slows the second worker.
"""

from __future__ import annotations

import base64
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.data.dataset import Dataset

WANTED = {(1, "fused"): 0.8, (1, "plain"): 0.6, (2, "fused"): 1.0, (2, "plain"): 1.0}  # of PyTorch's; workers, kind
SKIPPED, BATCHES, ROUNDS = 10, 20, 3  # batches while the browser compiles; batches that count; rounds of both
FRAMES = 57.0  # a second: 60, and what a clock may be off
MEMORY = 200  # MB for a worker
SECONDS = 2  # of training, for frames and memory
PAGE = """import { startTraining } from "./web/training/client.js";
Object.assign(window, { startTraining, ready: true });
const context = document.body.appendChild(document.createElement("canvas")).getContext("2d");
window.stamps = [];
const draw = (now) => {
  context.clearRect(0, 0, 300, 150);
  for (let i = 0; i < 200; i++) context.fillRect((now + 7 * i) % 300, (11 * i) % 150, 4, 4);
  stamps.push(now);
  requestAnimationFrame(draw);
};
requestAnimationFrame(draw);"""
RUN = """([script, start, batches]) => new Promise((done, failed) => {
  const speeds = [];
  let training = null;
  const hear = (message) => {
    if (message.type === "progress") speeds.push(message.imagesPerSecond);
    if (speeds.length >= batches && training) {
      training.end();
      done(speeds);
    }
    if (message.type === "error") failed(new Error(message.message));
  };
  startTraining(script, start, hear).then((started) => { training = started; });
})"""
START = """([script, start]) => new Promise((done, failed) => {
  window.count = 0;
  const hear = ({ type, message }) => {
    if (type === "progress" && !window.count++) { stamps.length = 0; done(); }
    if (type === "error") failed(new Error(message));
  };
  startTraining(script, start, hear).then((started) => { window.training = started; });
})"""


def address(data: bytes, kind: str) -> str:
    """An address that holds the data itself."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def recipes(dataset: Dataset) -> Iterator[tuple[str, RunConfig, dict[str, Any]]]:
    """Name, configuration and the page's start of each network."""
    from core.config import QUICK, RunConfig
    from dashboard.components import page_training
    from dashboard.components.networks import layers_of

    for (trunk, latent_dim), model in itertools.product((("conv", 16), ("mlp", 2)), ("vae", "ae")):
        config = RunConfig(model=model, latent_dim=latent_dim, train_size=2000, **QUICK)
        assert config.trunk == trunk
        png, counts = page_training.picture(config, dataset)
        yield (
            f"{trunk}, d = {latent_dim}, {model.upper()}",
            config,
            {
                "config": config.to_dict(),
                "layers": layers_of(config),
                "images": {"url": address(png, "image/png"), **counts},
                "seed": 0,
            },
        )


def scripts() -> dict[str, str]:
    """The worker's script, with the browser's fused multiply-add and without."""
    from dashboard.components import page_training

    script = page_training.worker_script()
    plain = script.replace("for (const relaxed of [true, false])", "for (const relaxed of [false])")
    assert plain != script, "the choice of instructions is written in another way"
    return {kind: address(text.encode(), "text/javascript") for kind, text in (("fused", script), ("plain", plain))}


def torch_speed(config: RunConfig, dataset: Dataset) -> float:
    """Images a second, the median over batches."""
    import torch

    from core.training.loop import fit

    class Enough(Exception):
        pass

    stamps: list[float] = []

    def on_batch(_: float) -> None:
        stamps.append(time.perf_counter())
        if len(stamps) == BATCHES + SKIPPED:
            raise Enough

    try:
        for _ in fit(config, dataset, "cpu", on_batch=on_batch):
            pass
    except Enough:
        pass
    assert torch.get_num_threads() == 1, "PyTorch has more threads than one"
    return config.batch_size / statistics.median(b - a for a, b in itertools.pairwise(stamps[SKIPPED - 1 :]))


def private_memory(browser) -> Callable[[], float]:
    """A function that says how many MB the browser's renderers have for themselves (Linux only)."""
    client = browser.new_browser_cdp_session()

    def megabytes() -> float:
        total = 0
        for process in client.send("SystemInfo.getProcessInfo")["processInfo"]:
            if process["type"] == "renderer":
                status = Path(f"/proc/{process['id']}/status").read_text()
                total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
        return total / 1000

    return megabytes


def opened(browser):
    """A page with the functions of client.js, which draws on every frame."""
    from dashboard.components.scripts import bundled

    page = browser.new_page()
    page.add_script_tag(content=bundled(PAGE), type="module")
    page.wait_for_function("window.ready")
    return page


def beside_the_page(browser, script: str, start: dict, workers: int) -> bool:
    """Prints a line for each throttling: images and frames a second, and what a worker takes of memory."""
    megabytes, fine = private_memory(browser), True
    for rate in (1, 4):
        page = opened(browser)
        page.wait_for_timeout(1000)
        client = page.context.new_cdp_session(page)
        client.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        before = megabytes()
        page.evaluate(START, [script, start | {"workers": workers}])
        begun = time.perf_counter()
        page.wait_for_timeout(1000 * SECONDS)
        count, stamps = page.evaluate("[count, stamps]")
        images = start["config"]["batch_size"] * count / (time.perf_counter() - begun)
        memory = (megabytes() - before) / workers
        page.close()
        gaps = sorted(b - a for a, b in itertools.pairwise(stamps))
        frames = 1000 / statistics.median(gaps)
        late = memory > MEMORY or (rate == 1 and frames < FRAMES)
        fine &= not late
        print(
            f"  {workers} worker{'s' if workers > 1 else ' '}{'plain' if rate == 1 else f'{rate}x throttled':>23}"
            f"{images:>9.0f} images/s with measuring,{frames:>4.0f} frames/s (95 % within"
            f"{gaps[int(0.95 * len(gaps))]:>5.1f} ms),{memory:>4.0f} MB a worker{'   not as wanted' if late else ''}",
            flush=True,
        )
    return fine


def training(browser, _frames: int) -> bool:
    """Prints a line for each network; True if the page is as fast as wanted."""
    from core.data.datasets import load_dataset
    from core.hardware.device import set_threads

    set_threads(1)
    dataset, script, fine = load_dataset(), scripts(), True
    page = opened(browser)

    print(f"{'':44}{'one worker':>12}{'':>20}{'two workers':>13}")
    print(f"{'training, images a second':34}{'PyTorch':>10}" + f"{'fused':>9}{'':>7}{'plain':>9}{'':>7}" * 2)
    networks = list(recipes(dataset))
    for name, config, start in networks:
        speeds: dict[Any, list[float]] = {"PyTorch": []} | {key: [] for key in WANTED}
        for _ in range(ROUNDS):
            speeds["PyTorch"].append(torch_speed(config, dataset))
            for workers, kind in WANTED:
                arguments = [script[kind], start | {"workers": workers}, BATCHES + SKIPPED]
                speeds[workers, kind].append(statistics.median(page.evaluate(RUN, arguments)[SKIPPED:]))
        best = {kind: max(values) for kind, values in speeds.items()}
        ratios = {key: best[key] / best["PyTorch"] for key in WANTED}
        late = [key for key, ratio in ratios.items() if ratio < WANTED[key]]
        fine &= not late
        cells = "".join(f"{best[key]:>9.0f}{f'({ratio:.2f})':>7}" for key, ratio in ratios.items())
        complaint = "   slower than wanted" * bool(late)
        print(f"{name:34}{best['PyTorch']:>10.0f}{cells}{complaint}", flush=True)
    page.close()
    for name, _, start in networks:
        if start["config"]["model"] == "vae":
            print(f"{name}, beside a page that draws:")
            for workers in (1, 2):
                fine &= beside_the_page(browser, script["fused"], start, workers)
    return fine
