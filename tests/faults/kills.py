"""Workers and servers killed in mid-training: told, taken up again, and the weights are those of a training nobody disturbed.

python -m tests.faults.kills                20 workers, then a whole server
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.config import RunConfig
from core.data.datasets import resolve
from core.jobs.background import WORKER_LOST, Jobs, local_executor
from core.jobs.limits import Limits
from core.runs.store import RESUME, WEIGHTS, RunStore
from tests.faults.client import Visitor
from tests.faults.serving import Server

CONFIG = RunConfig(trunk="mlp-400", latent_dim=2, epochs=60, train_size=1500, seed=7)


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited too long")
        time.sleep(0.02)


def workers(kills: int, config: RunConfig = CONFIG) -> dict[str, object]:
    """Kill the worker `kills` times while it trains, asking again each time; then let it finish, and train another undisturbed.

    Returns:
        how often the visitor was told, the longest wait for that, and whether both ended with the same weights.
    """
    with tempfile.TemporaryDirectory() as folder:
        store, calm = (
            RunStore(Path(folder) / name, Path(folder) / "none", limit_bytes=10**9) for name in ("killed", "calm")
        )
        jobs = Jobs(local_executor, store, limits=Limits(), threads=1)
        run_id, told, waits = resolve(config).run_id, 0, []
        for kill in range(kills):
            seen = len(store.run(run_id).history())
            jobs.submit(config, "ann")
            run = store.run(run_id)
            wait_until(lambda: len(run.history()) > min(seen, config.epochs - 5) or not jobs.status(run_id).active)
            if not jobs.status(run_id).active:
                break
            for pid in list(local_executor()._processes):
                os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            wait_until(lambda: not jobs.status(run_id).active)
            waits.append(time.monotonic() - began)
            status = jobs.status(run_id)
            told += status.state == "failed" and status.message == WORKER_LOST
        jobs.submit(config, "ann")
        wait_until(lambda: not jobs.status(run_id).active)
        Jobs(local_executor, calm, limits=Limits(), threads=1).submit(config)
        wait_until(lambda: calm.run(run_id).complete)
        local_executor().shutdown(kill_workers=True)
        same = (store.get(run_id).path / WEIGHTS).read_bytes() == (calm.get(run_id).path / WEIGHTS).read_bytes()
        return {
            "kills": len(waits),
            "told": told,
            "longest wait for it (s)": round(max(waits), 2),
            "state": str(store.run(run_id).status()),
            "same weights": same,
        }


async def _press(server: Server, beta: str) -> str:
    """Open the page of a weight and ask for its training; returns what the page says."""
    async with Visitor(server.url) as visitor:
        shown = await visitor.open("kl_weight", {"beta": beta})
        buttons = [widget for label, widget in shown.buttons.items() if label.startswith(("Train β", "Resume"))]
        if buttons:
            shown = await visitor.open("kl_weight", {"beta": beta}, widgets={buttons[0]: True})
        return shown.text


def server(beta: str = "3.3") -> dict[str, object]:
    """Kill a server, with its worker, while a visitor's training runs; start it again and ask once more."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first = Server(Path(folder), POINT_OR_CLOUD_PROFILE="demo")
        try:
            asyncio.run(_press(first, beta))
            wait_until(lambda: any(Path(folder).glob(f"runs/*/{RESUME}")))
        finally:
            first.kill()
            first.stop()
        (left,) = (
            RunStore(Path(folder) / "runs", Path(folder) / "none").run(p.name) for p in Path(folder).glob("runs/vae*")
        )
        epochs = len(left.history())
        before = left.complete
        second = Server(Path(folder), port=first.port, POINT_OR_CLOUD_PROFILE="demo")
        try:
            wait_until(lambda: str(left.status()) == "stale", 60)
            said = asyncio.run(_press(second, beta))
            wait_until(lambda: left.complete)
            wait_until(lambda: str(left.status()) == "complete")
            return {
                "epochs when killed": epochs,
                "complete then": before,
                "sorry pages": "something went wrong" in said,
                "afterwards": str(left.status()),
                "epochs": len(left.history()) - 1,
            }
        finally:
            second.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    print("workers:", ", ".join(f"{k} {v}" for k, v in workers(options.kills).items()))
    print("server:", ", ".join(f"{k} {v}" for k, v in server().items()))


if __name__ == "__main__":
    main()
