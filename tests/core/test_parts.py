"""A benchmark prints what it has, names what did not finish, and says so in its exit status."""

import subprocess
import sys
import time

import pytest

from core import settings
from tests.benchmarks.parts import Parts, Unfinished, processor


def test_a_part_that_fails_is_named_and_the_others_go_on(capsys):
    parts, done = Parts(), []
    for name, error in [
        ("first", None),
        ("second", Unfinished("more than 3 s")),
        ("third", ValueError("two\nlines")),
        ("fourth", None),
    ]:
        if parts.begin(name):
            with parts(name):
                if error:
                    raise error
                done.append(name)
    assert done == ["first", "fourth"] and parts.status() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["not finished: second: Unfinished: more than 3 s", "not finished: third: ValueError: two lines"]


def test_past_the_limit_nothing_is_begun(capsys):
    parts = Parts(limit=0.0)
    time.sleep(0.01)
    assert (
        not parts.begin("late")
        and parts.status() == 1
        and "late: not begun: the limit of 0 s" in capsys.readouterr().out
    )


def test_an_interruption_ends_all_parts_and_prints(capsys):
    parts = Parts()
    with parts("one"):
        raise KeyboardInterrupt
    assert not parts.begin("two") and parts.status() == 1
    assert capsys.readouterr().out.count("interrupted") == 2


def test_all_finished_is_status_0(capsys):
    parts = Parts(60)
    with parts("one"):
        pass
    assert parts.begin("two") and parts.status() == 0 and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "command",
    [
        "bench_machines --isa AVX2 --threads 1 --beside 0 --limit 1",
        pytest.param("bench_jobs --limit 0.1 --repeats 1", marks=pytest.mark.slow),  # its worker has to start first
    ],
)
def test_a_benchmark_past_its_limit_ends_without_a_traceback(command):
    name, *options = command.split()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", *options], capture_output=True, text=True, cwd=settings.ROOT
    )
    assert done.returncode == 1 and "not finished: " in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_processors_of_one_name_are_told_apart(tmp_path):
    def named(text: str) -> str:
        (tmp_path / "cpuinfo").write_text(text)
        return processor(tmp_path / "cpuinfo").rsplit(",", 1)[0]

    core = "processor\t: 0\ncpu family\t: {}\nmodel\t\t: {}\nmodel name\t: AMD EPYC\n\n"
    assert named(2 * core.format(25, 1)) == "AMD EPYC (family 25, model 1)"
    assert named(2 * core.format(26, 2)) == "AMD EPYC (family 26, model 2)"
    arm = named("processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n")  # as on ARM: no name
    assert arm == processor(tmp_path / "missing").rsplit(",", 1)[0] and arm
