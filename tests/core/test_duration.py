"""The estimate of the time left: within 30 % after one second, on fast, slow, known and unknown machines."""

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.config import QUICK, RunConfig
from core.data.datasets import resolve
from core.models.networks import Stack
from core.runs.run import HEARTBEAT
from core.training.duration import Pace, Speeds, Work, kind
from core.training.progress import Clock
from core.training.train_run import train

CONFIG = RunConfig(**QUICK)


def between(low: float, high: float):
    """Numbers from low to high, evenly spaced in their logarithm."""
    return st.integers(0, 1000).map(lambda i: low * (high / low) ** (i / 1000))


@given(
    seconds=between(2e-5, 5e-3),
    known=st.one_of(st.none(), between(0.05, 20)),
    measuring=between(0.6, 1.6),
    publishing=between(0.6, 1.8),
    beat=between(0.05, 0.5),
)
def test_after_a_second_the_time_left_is_right(seconds, known, measuring, publishing, beat):
    """The estimate fits whatever the machine's speed and the cost of measurements.

    Also where earlier runs were twenty times faster or slower.
    """
    work = Work(CONFIG, 4000, 1000)
    pace, now, fraction, rows = Pace(known and known * seconds), 0.0, 0.0, 1
    mark = work.left(0, 1)
    while now < 1 and fraction < 1:
        steps = min(beat / seconds, (rows / CONFIG.epochs - fraction) * CONFIG.epochs * 4000)
        fraction += steps / (CONFIG.epochs * 4000)
        spent = steps * seconds
        if fraction >= rows / CONFIG.epochs - 1e-9:
            spent += measuring * work.epoch_end * seconds
            rows += 1
        now += spent
        pace.add(spent, mark - work.left(fraction, rows))
        mark = work.left(fraction, rows)
    ends = (CONFIG.epochs + 1 - rows) * work.epoch_end * measuring + work.publishing * publishing
    truth = seconds * ((1 - fraction) * CONFIG.epochs * 4000 + ends)
    if fraction < 0.7:  # later the publishing, of which nothing is measured before it happens, is most of what is left
        assert pace.now * work.left(fraction, rows) == pytest.approx(truth, rel=0.3)


@given(before=between(5e-5, 2e-3), factor=between(0.1, 10))
def test_a_change_of_load_is_noticed(before, factor):
    pace = Pace(before)
    for _ in range(20):
        pace.add(0.4, 0.4 / before)
    for _ in range(25):
        pace.add(0.4, 0.4 / (before * factor))
    assert pace.now == pytest.approx(before * factor, rel=0.3)


def test_without_any_measurement_earlier_runs_are_what_is_known():
    assert Pace().now is None and Pace(3e-4).now == pytest.approx(3e-4)


@contextlib.contextmanager
def counted_time(seconds: float) -> Iterator[Callable[[], float]]:
    """A machine on which only networks take time: so many seconds for each image of a training step.

    A step goes through encoder and decoder, and back, which takes twice as long.
    """
    now = [100.0]

    def spend(module, inputs, _output):
        if isinstance(module, Stack):
            now[0] += seconds / 6 * len(inputs[0]) * (3 if torch.is_grad_enabled() else 1)

    hook = torch.nn.modules.module.register_module_forward_hook(spend)
    try:
        yield lambda: now[0]
    finally:
        hook.remove()


@pytest.mark.parametrize("share", [1.0, 0.25], ids=["alone", "beside others"])
def test_a_real_run_tells_its_time_by_a_clock(store, share):
    """`train` itself, on a machine whose time is counted."""
    config = resolve(RunConfig(dataset="tiny", trunk="mlp-400", latent_dim=4, epochs=5, batch_size=16))

    def trained(config: RunConfig, now: Callable[[], float]) -> list[tuple[float, float]]:
        """When each heartbeat was written, counted from the start, and the time left according to it; both at the end.

        A heartbeat is read just before the next one.
        """
        began = at = now()
        told, file = [], store.run(config).path / HEARTBEAT

        def on_beat() -> None:
            nonlocal at
            if file.exists():
                told.append((at - began, json.loads(file.read_bytes())["seconds_left"]))
            at = now()

        train(config, store, on_beat=on_beat, clock=Clock(now, lambda: share * now()))
        return [*told, (now() - began, 0.0)]

    with counted_time(4e-3) as now:
        *told, (total, _) = trained(config, now)
        # Later the publishing, of which nothing is measured before it happens, is much of what is left.
        after = [(at, left) for at, left in told if 1 <= at < 0.7 * total]
        assert len(after) > 5
        for at, left in after:
            assert left == pytest.approx(total - at, rel=0.3, abs=0.3), f"after {at:.1f} s"
        assert Speeds().expected(config) == pytest.approx(share * total, rel=0.01), (
            "what it takes with a core of its own"
        )
        _, (_, first), *_, (total, _) = trained(config.replace(seed=1), now)
        assert first == pytest.approx(total, rel=0.3), "the next one knows it from the start"


def test_speeds_are_kept_by_device_and_kind(tmp_path):
    speeds, other = Speeds(tmp_path / "speed.json"), CONFIG.replace(model="multirate")
    assert speeds.seconds(CONFIG) is speeds.expected(CONFIG) is None
    speeds.learn(CONFIG, "cpu (1 threads, fp32)", 2e-4, 6.0)
    speeds.learn(CONFIG, "cpu (2 threads, fp32)", 1e-4, 3.0)
    speeds.learn(other, "cpu (1 threads, fp32)", 8e-4, 12.0)
    assert speeds.seconds(CONFIG, "cpu (1 threads, fp32)") == 2e-4
    assert speeds.seconds(CONFIG) == 1e-4, "the last one used"
    assert speeds.expected(CONFIG) == 3.0 and speeds.expected(CONFIG.replace(epochs=12, beta=3)) == 6.0
    assert kind(CONFIG) != kind(other) and speeds.seconds(
        CONFIG.replace(model="ae"), "cpu (1 threads, fp32)"
    ) == pytest.approx(5e-4)
    assert speeds.expected(CONFIG.replace(model="ae")) is None, "a guess is good for the first second, not for a queue"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1, 2]",
        b"{",
        b'{"a": 3}',
        b'{"a": {"kind": "x"}}',
        b'{"a": {"kind": "x", "seconds": "soon", "total": -1}}',
        b"\xff",
    ],
)
def test_a_damaged_file_is_no_knowledge_and_is_replaced(tmp_path, content):
    speeds = Speeds(tmp_path / "speed.json")
    speeds.path.write_bytes(content)
    assert speeds.seconds(CONFIG) is None and speeds.expected(CONFIG) is None
    speeds.learn(CONFIG, "cpu", 2e-4, 6.0)
    assert speeds.seconds(CONFIG, "cpu") == 2e-4


def test_a_folder_that_cannot_be_written_costs_only_the_estimate(tmp_path):
    (tmp_path / "file").touch()
    speeds = Speeds(tmp_path / "file" / "speed.json")
    speeds.learn(CONFIG, "cpu", 2e-4, 6.0)
    assert speeds.seconds(CONFIG) is None
