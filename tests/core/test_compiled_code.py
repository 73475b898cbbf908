import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numba.core import event

from core.latent import compilation, compiled_code
from core.latent.projection import project

CODES = np.random.default_rng(0).standard_normal((40, 4))


@pytest.fixture
def warm(tmp_path, monkeypatch) -> Path:
    """A copy of the session's compiled code, whole, that may be spoilt; returns numba's folder in it."""
    project(CODES, epochs=2)  # fills the session's, if it is not full
    whole = compiled_code.folder()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    shutil.copytree(whole, compiled_code.folder())
    return compiled_code.folder()


def lose(folder: Path, function: str) -> None:
    """Forget one compiled function, and that all were there."""
    found = [path for path in folder.rglob("*") if f".{function}-" in path.name]
    assert len(found) == 2
    for path in [*found, folder / compiled_code.WHOLE]:
        path.unlink()


FRESH = """
import json, sys
from numba.core import event
names = []
class Listener(event.Listener):
    def on_start(self, e): names.append(e.data["dispatcher"].py_func.__name__)
    def on_end(self, e): pass
event.register("numba:compile", Listener())
from core.latent.projection import warm_up
warm_up()
print(json.dumps([names, "pynndescent" in sys.modules]))
"""


def fresh(**environment: str) -> subprocess.Popen:
    """A process that lays out a map, and prints which functions it compiled."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", FRESH],
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def told(process: subprocess.Popen) -> tuple[list[str], str]:
    """The functions, and what was said on stderr."""
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    names, searched = json.loads(out)
    assert not searched, "the search that a map does not use was imported"
    return names, err


@pytest.mark.usefixtures("warm")
def test_a_second_process_compiles_nothing_and_says_nothing():
    assert told(fresh()) == ([], "")


def test_what_is_missing_is_compiled_alone_with_its_reason_and_kept(warm):
    lose(warm, "compute_membership_strengths")
    assert not compiled_code.is_warm()
    names, said = told(fresh())
    assert "compute_membership_strengths" in names and not {"smooth_knn_dist", "tau_rand_int"} & set(names)
    assert said.startswith(compilation.REASON) and "Compiled" in said
    assert compiled_code.is_warm() and compilation.progress() is None, "and nobody is said to be at it"


def test_json_is_not_disturbed(warm):
    lose(warm, "tau_rand")
    command = [sys.executable, "-m", "core", "warm-up", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "" and set(json.loads(done.stdout)) == {"data", "projection"}


def test_the_background_fills_the_folder_before_anyone_asks(warm):
    assert compilation.fill_in_background() is None, "it is full"
    lose(warm, "tau_rand")
    assert compilation.fill_in_background().wait(timeout=120) == 0
    assert compiled_code.is_warm()
    lose(warm, "tau_rand")
    (warm / compilation.PROGRESS).write_text('{"fraction": 0.5, "seconds_left": 2}')
    assert compilation.fill_in_background() is None, "somebody is at it"


def test_a_folder_that_cannot_be_written_is_read(warm, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "core.latent.compiled_code.tempfile.TemporaryFile",
        lambda **_: (_ for _ in ()).throw(PermissionError(13, "read-only")),
    )
    copy = compiled_code.kept_in(tmp_path / "temporary")
    assert copy != warm and (copy / compiled_code.WHOLE).exists()
    assert compiled_code._files(copy).keys() == compiled_code._files(warm).keys()
    compiled_code.check(copy)
    assert compiled_code._files(copy), "and it is whole"


def test_where_nothing_can_be_kept_a_temporary_folder_serves(tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("not a folder")
    place = compiled_code.kept_in(tmp_path / "temporary")
    assert place.parent == tmp_path / "temporary" and "POINT_OR_CLOUD_CACHE" in caplog.text
    assert not compiled_code.is_warm()


# Damage


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "manifest"])
def test_damaged_code_is_never_loaded(warm, damage, caplog):
    compiled_code.check(warm)
    assert compiled_code._files(warm), "what is whole stays"
    path = min(warm.rglob("*.nbc"))
    data = path.read_bytes()
    if damage == "flip":
        path.write_bytes(data[:500] + bytes([data[500] ^ 1]) + data[501:])
    elif damage == "cut":
        path.write_bytes(data[:500])
    elif damage == "remove":
        path.unlink()
    else:
        (warm / compiled_code.WHOLE).write_text("[")
    compiled_code.check(warm)
    assert not compiled_code._files(warm) and not compiled_code.is_warm() and "damaged" in caplog.text


def test_code_that_nobody_has_vouched_for_is_left_alone_until_it_fails(warm):
    (warm / compiled_code.WHOLE).unlink()
    compiled_code.check(warm)
    kept = compiled_code._files(warm)
    assert kept
    tries = []

    def work() -> str:
        tries.append(len(compiled_code._files(warm)))
        if tries[-1]:
            raise EOFError("an index that ends too soon")
        return "a map"

    assert compiled_code.trying(work, warm) == "a map" and tries == [len(kept), 0]
    with pytest.raises(ZeroDivisionError):  # with no code to blame, an error is an error
        compiled_code.trying(lambda: 1 / 0, warm)


@pytest.mark.slow
def test_processes_that_fill_one_damaged_folder_at_once_all_draw_and_leave_it_whole(warm):
    (warm / compiled_code.WHOLE).unlink()
    index = min(warm.rglob("*.nbi"))
    index.write_bytes(index.read_bytes()[:20])
    for process in [fresh(), fresh()]:
        told(process)
    told(fresh())  # compiles what the two had in memory when the other one cleared the folder
    assert told(fresh()) == ([], "")


def test_a_folder_that_lacks_a_function_is_not_called_whole(warm):
    lose(warm, "rdist")
    compiled_code.vouch(warm)
    assert not compiled_code.is_warm()


# Other processors


def test_each_processor_has_a_folder_of_its_own(monkeypatch):
    def here() -> Path:
        compiled_code._kind.cache_clear()
        return compiled_code.folder()

    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
    folders = {here()}
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert compiled_code._processor() == ["generic", ""], "whatever processor it is built on"
    folders.add(here())
    for features in ("+avx2", "+avx2,+avx512f"):
        monkeypatch.setenv("NUMBA_CPU_FEATURES", features)
        folders.add(here())
    assert len(folders) == 4
    compiled_code._kind.cache_clear()


# What is told


def compiling(*names: str) -> None:
    """numba's events, as if it compiled these."""
    for name in names:
        function = SimpleNamespace(py_func=SimpleNamespace(__name__=name, __module__="umap.umap_"))
        with event.trigger_event("numba:compile", data={"dispatcher": function}):
            time.sleep(0.002)


def test_progress_is_there_for_other_processes_and_an_estimate_for_the_reader(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with compilation.reporting(compiled_code.folder()) as seen:
        compiling("somebody_elses")
        assert not seen.compiled and compilation.progress() is None and capsys.readouterr().err == ""
        fractions, left = [], []
        for name in compiled_code.SHARES:
            compiling(name)
            now = compilation.progress()
            fractions.append(now.fraction)
            left.append(now.seconds_left)
        assert fractions == sorted(fractions) and fractions[0] > 0 and fractions[-1] == 1
        assert left[-1] == 0
    assert compilation.progress() is None
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(compilation.REASON + ": about ") and last.startswith("Compiled ")


def test_progress_that_has_not_moved_for_long_is_nobodys(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    path = compiled_code.folder() / compilation.PROGRESS
    path.parent.mkdir()
    path.write_text('{"fraction": 0.5, "seconds_left": 4.0}')
    assert compilation.progress().fraction == 0.5
    os.utime(path, (time.time() - 2 * compilation.STALE_SECONDS,) * 2)
    assert compilation.progress() is None
    path.write_text("{")
    assert compilation.progress() is None


# The package remains usable as it is


def test_whoever_uses_the_search_later_gets_the_real_one():
    project(CODES, epochs=2)
    import pynndescent
    from umap import umap_

    assert umap_.pynn_named_distances["cosine"] is pynndescent.distances.named_distances["cosine"]
    assert "euclidean" in umap_.pynn_named_distances and "nonsense" not in umap_.pynn_sparse_named_distances
    assert not isinstance(3, umap_.NNDescent)
    with pytest.raises(ValueError, match=r"[Mm]etric"):
        umap_.NNDescent(CODES.astype(np.float32), metric="nonsense")
