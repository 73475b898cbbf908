"""Workers and servers killed in mid-training: reported, resumed, and the weights are those of an undisturbed training.

    python -m tests.faults.kills                20 workers, then a whole server

What is not done within the limit is named, with what was found until then. Exit status 1 then, and where the weights
differ or a run does not complete.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.config import RunConfig
from core.data.datasets import resolve
from core.jobs.background import Jobs
from core.jobs.limits import Limits
from core.jobs.status import WORKER_LOST
from core.jobs.worker import local_executor
from core.runs.run import RESUME, WEIGHTS
from core.runs.store import RunStore
from tests.benchmarks.parts import Parts, Unfinished, exit_status
from tests.faults.client import ON_SERVER, Visitor, run
from tests.faults.serving import Server

CONFIG = RunConfig(trunk="mlp-400", latent_dim=2, epochs=60, train_size=1500, seed=7)


Wait = Callable[[Callable[[], bool]], None]


def waiter(parts: Parts, seconds: float = 120) -> Wait:
    """A function that waits until a condition holds: each time at most so many seconds, and never past the limit."""

    def wait_until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not condition():
            parts.check()
            if time.monotonic() > end:
                raise Unfinished(f"waited for more than {seconds:g} s")
            time.sleep(0.02)

    return wait_until


def workers(kills: int, found: dict[str, object], wait_until: Wait, config: RunConfig = CONFIG) -> None:
    """Kill the worker `kills` times while it trains, asking again each time; let it finish; train another undisturbed.

    Args:
        found: filled in as it becomes known: how often the visitor was told, the longest wait for that, and whether
            both ended with the same weights.
    """
    found |= {"kills": 0, "told": 0, "longest wait for it (s)": 0.0}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.ExitStack() as stack:
        stack.callback(lambda: local_executor().shutdown(kill_workers=True))
        store, calm = (
            RunStore(Path(folder) / name, Path(folder) / "none", limit_bytes=10**9) for name in ("killed", "calm")
        )
        jobs = Jobs(local_executor, store, limits=Limits(), threads=1)
        run_id = resolve(config).run_id
        run = store.run(run_id)

        def further_than(epochs: int) -> bool:
            return len(run.history()) > epochs or not jobs.status(run_id).active

        for _ in range(kills):
            epochs = min(len(run.history()), config.epochs - 5)
            jobs.submit(config, "ann")
            wait_until(functools.partial(further_than, epochs))
            if not jobs.status(run_id).active:
                break
            for pid in list(local_executor()._processes):
                os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            wait_until(lambda: not jobs.status(run_id).active)
            status, longest = jobs.status(run_id), found["longest wait for it (s)"]
            found["kills"] += 1
            found["told"] += status.state == "failed" and status.message == WORKER_LOST
            found["longest wait for it (s)"] = max(longest, round(time.monotonic() - began, 2))
        jobs.submit(config, "ann")
        wait_until(lambda: not jobs.status(run_id).active)
        found["state"] = str(store.run(run_id).status())
        Jobs(local_executor, calm, limits=Limits(), threads=1).submit(config)
        wait_until(lambda: calm.run(run_id).complete)
        found["same weights"] = (store.get(run_id).path / WEIGHTS).read_bytes() == (
            calm.get(run_id).path / WEIGHTS
        ).read_bytes()


async def _press(server: Server, beta: str) -> str:
    """Open the page of a weight and ask for its training; returns what the page says."""
    async with Visitor(server.url) as visitor:
        shown = await visitor.open("kl_weight", {"beta": beta, **ON_SERVER})
        buttons = [widget for label, widget in shown.buttons.items() if label.startswith(("Train β", "Resume"))]
        if buttons:
            shown = await visitor.open("kl_weight", {"beta": beta, **ON_SERVER}, widgets={buttons[0]: True})
        return shown.text


def server(found: dict[str, object], wait_until: Wait, beta: str = "3.3") -> None:
    """Kill a server, with its worker, while a visitor's training runs; start it again and ask once more.

    Args:
        found: filled in as it is known.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first = Server(Path(folder), POINT_OR_CLOUD_PROFILE="demo")
        try:
            run(_press(first, beta))
            wait_until(lambda: any(Path(folder).glob(f"runs/*/{RESUME}")))
        finally:
            first.kill()
            first.stop()
        (left,) = (
            RunStore(Path(folder) / "runs", Path(folder) / "none").run(p.name) for p in Path(folder).glob("runs/vae*")
        )
        found |= {"epochs when killed": len(left.history()), "complete then": left.complete}
        second = Server(Path(folder), port=first.port, POINT_OR_CLOUD_PROFILE="demo")
        try:
            wait_until(lambda: str(left.status()) == "stale")
            found["sorry pages"] = "an unexpected error occurred" in run(_press(second, beta))
            wait_until(lambda: left.complete)
            wait_until(lambda: str(left.status()) == "complete")
            found |= {"afterwards": str(left.status()), "epochs": len(left.history()) - 1}
        finally:
            second.stop()


def main(
    arguments: list[str] | None = None,
    workers: Callable[..., None] = workers,
    server: Callable[..., None] = server,
) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--limit", type=float, default=600.0, metavar="SECONDS", help="for all of it (default 600)")
    options = parser.parse_args(arguments)
    parts, of_workers, of_server = Parts(options.limit), dict[str, object](), dict[str, object]()
    wait_until = waiter(parts)
    for name, look, found in (
        ("workers", lambda: workers(options.kills, of_workers, wait_until), of_workers),
        ("server", lambda: server(of_server, wait_until), of_server),
    ):
        if parts.begin(name):
            with parts(name):
                look()
            print(f"{name}:", ", ".join(f"{k} {v}" for k, v in found.items()) or "nothing found", flush=True)
    fine = of_workers.get("same weights") and not of_server.get("sorry pages", True)
    return max(parts.status(), int(not fine))


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
