"""Page scripts take turns."""

import threading

import pytest

from dashboard.cache.turns import Turns


def started(turns: Turns, name: str, inside: list[str], leave: threading.Event) -> threading.Thread:
    """A thread that takes a turn until `leave`, once it is in or waits."""

    def script() -> None:
        with turns.take():
            inside.append(name)
            leave.wait()

    thread = threading.Thread(target=script, daemon=True)
    before = len(inside) + len(turns._waiting)
    thread.start()
    while len(inside) + len(turns._waiting) == before and thread.is_alive():
        threading.Event().wait(0.001)
    return thread


def until(length: int, inside: list[str]) -> list[str]:
    for _ in range(10_000):
        if len(inside) >= length:
            break
        threading.Event().wait(0.001)
    return inside


def test_so_many_at_once_the_others_in_their_order():
    turns, inside = Turns(2, lease=60), list[str]()
    leave = {name: threading.Event() for name in "abcd"}
    threads = {name: started(turns, name, inside, leave[name]) for name in "abcd"}
    assert sorted(until(2, inside)) == ["a", "b"] and len(turns._waiting) == 2
    leave["b"].set()
    assert until(3, inside)[2:] == ["c"] and len(turns._waiting) == 1
    for name, thread in threads.items():
        leave[name].set()
        thread.join()
    assert inside[2:] == ["c", "d"] and not turns._waiting and not turns._ends


def test_a_long_script_keeps_nobody_waiting():
    turns, inside, leave = Turns(1, lease=0.01), list[str](), threading.Event()
    threads = [started(turns, name, inside, leave) for name in "abc"]
    assert until(3, inside) == ["a", "b", "c"], "nobody has left"
    leave.set()
    for thread in threads:
        thread.join()


def test_a_script_that_fails_gives_its_turn_back():
    turns = Turns(1, lease=60)
    with pytest.raises(RuntimeError, match="half-way"), turns.take():
        raise RuntimeError("half-way")
    with turns.take():
        assert len(turns._ends) == 1
