"""`python -m core evaluate --all` in a terminal of its own, stopped in the middle and started again."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from core.metrics.records import FILE
from core.metrics.scores import parts_for
from core.runs.store import RunStore

pytestmark = pytest.mark.slow


class Terminal:
    """A command whose progress bar has a terminal to be drawn on; what it wrote there is in `text`."""

    def __init__(self, *command: str):
        mine, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 120))  # a bar draws nothing where there is no room
        # As from a terminal's own shell: a process that was started in the background ignores SIGINT, and so would
        # this one.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(theirs)
        self.text = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(mine,), daemon=True)
        self._reader.start()

    def _read(self, terminal: int) -> None:
        with os.fdopen(terminal, "rb", buffering=0) as source:
            while True:
                try:
                    data = source.read(4096)
                except OSError:  # Linux's way of saying that the other side is closed
                    data = b""
                with self._changed:
                    self.text += data.decode(errors="replace")
                    self._changed.notify_all()
                if not data:
                    return

    def wait_for(self, word: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: word in self.text, timeout=60), f"{word!r} not in {self.text[-2000:]}"

    def end(self) -> int:
        code = self.process.wait(timeout=240)
        self._reader.join(timeout=10)
        return code


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Path:
    """Two VAEs of a few images, at a weight for which four parts are measured."""
    from core.cli.main import main

    folder = tmp_path_factory.mktemp("untouched")
    assert (
        main(
            [
                "sweep",
                "--betas",
                "4",
                "--seeds",
                "0,1",
                "--latent-dims",
                "2",
                "--epochs",
                "1",
                "--train-size",
                "64",
                "--store",
                str(folder),
                "--json",
            ]
        )
        == 0
    )
    return folder


def figures(folder: Path) -> dict[str, dict]:
    return {
        run.run_id: json.loads(run.read(FILE))
        for run in RunStore(cache=folder, shipped=folder / "none")
        if run.has(FILE)
    }


@pytest.fixture(scope="module")
def whole(untouched, tmp_path_factory) -> dict[str, dict]:
    """The figures of an uninterrupted evaluation."""
    folder = tmp_path_factory.mktemp("whole") / "runs"
    shutil.copytree(untouched, folder)
    terminal = Terminal("evaluate", "--all", "--store", str(folder))
    assert terminal.end() == 0, terminal.text
    assert "2/2" in terminal.text and "100%" in terminal.text, "the bar gets to its end"
    return figures(folder)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_a_stopped_evaluation_goes_on_where_it_was(untouched, whole, tmp_path, how):
    folder = tmp_path / "runs"
    shutil.copytree(untouched, folder)
    first, second = sorted(whole)
    parts = parts_for(next(iter(RunStore(cache=folder, shipped=folder / "none"))).config)
    assert len(parts) == 4
    stopped = Terminal("evaluate", "--all", "--store", str(folder))
    stopped.wait_for(
        f"{second}: {parts[2]}"
    )  # the bar says what is being measured: the first run is done, half of the second
    stopped.process.send_signal(how)
    code = stopped.end()
    assert code == (130 if how is signal.SIGINT else -how) and "Traceback" not in stopped.text
    assert how is signal.SIGKILL or "the same command continues from there" in stopped.text
    kept = figures(folder)
    assert kept[first] == whole[first] and parts[1] in kept[second] and parts[3] not in kept[second]

    resumed = Terminal("evaluate", "--all", "--store", str(folder))
    assert resumed.end() == 0, resumed.text
    again = [f"{first}: {part}" for part in parts] + [f"{second}: {part}" for part in parts[:2]]
    assert not [what for what in again if what in resumed.text] and f"{second}: {parts[3]}" in resumed.text, (
        "nothing is measured twice"
    )
    assert figures(folder) == whole
