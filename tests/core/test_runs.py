"""A run's state is its files: every way in which they can be wrong, and what a visitor is told."""

import json
import os
import random
import shutil
import time

import pytest

from core.config import RunConfig
from core.files import write_bytes, write_json
from core.runs.run import CONFIG, HEARTBEAT, STOP, WEIGHTS, Run, RunDamaged, RunNotFound, Status
from core.runs.store import RunStore
from core.training.train_run import train

SMALL = RunConfig(dataset="tiny", trunk="mlp-400", epochs=1, latent_dim=2)


@pytest.fixture
def run(trained, tmp_path) -> Run:
    """A private copy of a finished run."""
    shutil.copytree(trained["vae"].path, tmp_path / trained["vae"].run_id)
    return Run(tmp_path / trained["vae"].run_id)


def test_a_loaded_model_is_the_trained_one_and_frozen(trained):
    import torch
    from safetensors.torch import load

    run = trained["vae"]
    model = run.load_model()
    stored = load((run.path / WEIGHTS).read_bytes())
    assert all(torch.equal(stored[k], v.half()) for k, v in model.state_dict().items())
    assert all(torch.equal(v, v.half().float()) for v in model.state_dict().values()), "rounding must lose nothing"
    assert not model.training and not any(p.requires_grad for p in model.parameters())


def test_the_config_is_in_the_weights_metadata(trained):
    from safetensors import safe_open

    with safe_open(trained["ae"].path / WEIGHTS, "pt") as file:
        assert RunConfig.from_dict(json.loads(file.metadata()["config"])) == trained["ae"].config


@pytest.mark.parametrize("seed", range(8))
def test_any_flipped_bit_anywhere_is_noticed(run, seed):
    rng = random.Random(seed)
    files = sorted(p for p in run.path.rglob("*") if p.is_file())
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(data))
    assert run.status() is Status.DAMAGED, path.name
    with pytest.raises(RunDamaged):
        run.verify()


def test_flipped_weights_are_never_loaded(run):
    data = bytearray((run.path / WEIGHTS).read_bytes())
    for position in (0, 9, len(data) // 2, len(data) - 1):
        broken = bytearray(data)
        broken[position] ^= 1
        (run.path / WEIGHTS).write_bytes(bytes(broken))
        with pytest.raises(RunDamaged):
            run.load_model()


def test_a_damaged_run_is_trained_again(store):
    run = train(SMALL, store)
    good = (run.path / WEIGHTS).read_bytes()
    (run.path / WEIGHTS).write_bytes(good[:100])
    assert store.run(run.run_id).status() is Status.DAMAGED
    assert (train(SMALL, store).path / WEIGHTS).read_bytes() == good


def test_a_damaged_shipped_run_is_replaced_by_a_trained_one(tmp_path):
    shipped = RunStore(tmp_path / "shipped", tmp_path / "none", limit_bytes=10**9)
    run = train(SMALL, shipped)
    (run.path / WEIGHTS).write_bytes(b"")
    store = RunStore(tmp_path / "cache", tmp_path / "shipped", limit_bytes=10**9)
    again = train(SMALL, store)
    assert again.path.parent == tmp_path / "cache" and not store.run(run.run_id).shipped
    assert store.run(run.run_id).status() is Status.COMPLETE


def test_status_is_read_off_the_files(tmp_path):
    run = Run(tmp_path / SMALL.run_id)
    assert run.status() is Status.ABSENT
    write_json(run.path / CONFIG, SMALL.to_dict())
    assert run.status() is Status.STALE
    write_bytes(run.path / HEARTBEAT, b"{}")
    assert run.status() is Status.RUNNING
    run.request_stop()
    assert run.status() is Status.RUNNING, "asked to stop is not stopped"
    (run.path / HEARTBEAT).unlink()
    assert run.status() is Status.STOPPED
    (run.path / STOP).unlink()
    write_bytes(run.path / HEARTBEAT, b"{}")
    os.utime(run.path / HEARTBEAT, (time.time() - 1000,) * 2)
    assert run.status() is Status.STALE
    write_bytes(run.path / "error.txt", b"no luck")
    assert run.status() is Status.FAILED and run.error() == "no luck"


def test_a_half_written_history_line_is_left_out(tmp_path):
    write_bytes(tmp_path / "r" / "history.jsonl", b'{"epoch": 0}\n{"epoch": 1}\n{"epo')
    assert [row["epoch"] for row in Run(tmp_path / "r").history()] == [0, 1]


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    write_bytes(tmp_path / "a" / "b.json", b"old")
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        write_bytes(tmp_path / "a", b"new")  # a folder is not replaced by a file
    assert [p.name for p in tmp_path.iterdir()] == ["a"] and (tmp_path / "a" / "b.json").read_bytes() == b"old"


def test_json_refuses_what_json_cannot_say(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"mse": float("nan")})


def test_adding_a_derived_file_keeps_the_run_whole(run):
    run.add("extra.json", b"{}")
    assert run.read("extra.json") == b"{}" and run.status() is Status.COMPLETE


def test_finished_runs_are_those_in_the_folders_at_each_call(trained, tmp_path):
    store = RunStore(tmp_path / "cache", tmp_path / "shipped")

    def listed() -> list[str]:
        found = store.finished()
        assert [run.run_id for run, _ in found] == [run.run_id for run in store if run.complete]
        assert all(run.config is config for run, config in found)
        return [run.run_id for run, _ in found]

    assert listed() == []
    for name in ("vae", "ae"):
        path = tmp_path / "cache" / trained[name].run_id
        shutil.copytree(trained[name].path, path)
        for file in (path / CONFIG, path):
            os.utime(file, (1e9, 1e9))  # as if it had been there for long
    both = listed()
    assert len(both) == 2 and listed() == both
    shutil.copytree(tmp_path / "cache" / both[0], tmp_path / "shipped" / both[0])
    assert [run.shipped for run, _ in store.finished()] == [True, False] and listed() == both
    path = tmp_path / "cache" / both[1]
    (path / WEIGHTS).rename(tmp_path / "weights")
    assert listed() == both[:1]
    (tmp_path / "weights").rename(path / WEIGHTS)
    assert listed() == both
    write_bytes(path / CONFIG, b"{")
    assert listed() == both[:1]
    shutil.rmtree(tmp_path / "cache")
    assert listed() == [both[0]]


def test_find_filters_on_config_values(trained):
    store = RunStore(trained["ae"].path.parent, trained["ae"].path.parent / "none", limit_bytes=10**9)
    assert [r.run_id for r in store.find(model="ae")] == [trained["ae"].run_id]
    assert store.find(model="ae", seed=99) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc", "a/b", "a\\b", ".hidden"])
def test_a_run_id_cannot_leave_the_folder(store, name):
    with pytest.raises(RunNotFound):
        store.run(name)


def test_unknown_runs_say_what_to_do(store):
    with pytest.raises(RunNotFound, match="python -m core train"):
        store.get("vae-nothing")


def test_least_recently_used_finished_runs_go_first(store):
    runs = [train(SMALL.replace(seed=s), store) for s in (0, 1, 2)]
    for age, run in zip((300, 100, 200), runs, strict=True):
        os.utime(run.path / WEIGHTS, (time.time() - age,) * 2)
    unfinished = Run(store.cache / "unfinished")
    write_bytes(unfinished.path / CONFIG, b"{}")
    size = sum(f.stat().st_size for f in runs[0].path.rglob("*") if f.is_file())
    store.limit_bytes = int(2.5 * size)
    assert store.evict() == [runs[0].run_id]
    runs[2].load_model()  # used: now the most recent
    store.limit_bytes = int(1.5 * size)
    assert store.evict() == [runs[1].run_id]
    store.limit_bytes = 1
    assert store.evict(keep=runs[2].run_id) == []
    assert unfinished.path.exists() and runs[2].complete


def test_shipped_runs_are_never_evicted(tmp_path):
    train(SMALL, RunStore(tmp_path / "shipped", tmp_path / "none", limit_bytes=10**9))
    store = RunStore(tmp_path / "cache", tmp_path / "shipped", limit_bytes=1)
    store.evict()
    assert store.get(SMALL.replace(data_digest=next(iter(store)).config.data_digest)).shipped
