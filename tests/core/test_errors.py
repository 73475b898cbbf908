"""Errors meant for people have one base class: those are reported in one line, and no other is raised on purpose."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import settings
from core.cli import commands
from core.cli.main import main
from core.cli.parser import build_parser
from core.errors import FAILURE, REQUEST, ArgumentError, NotMeasurable, UserFacingError

SOURCES = sorted(path for package in ("core", "dashboard") for path in (settings.ROOT / package).rglob("*.py"))
PAGES = settings.ROOT / "dashboard" / "views"  # scripts: they cannot be imported, and define no error

# ValueErrors that the caller of these functions turns into an error for people, or that only a fault of this program
# raises.
INTERNAL = {
    "core/cli/parser.py": "argparse asks its types for ValueError or ArgumentTypeError, and `Parser.error` tells them",
    "core/settings.py": "`settings._value` names the variable and the remedy",
    "dashboard/components": "arrays of different lengths, modules in a circle: no input leads there",
    "dashboard/plots/images.py": "an empty grid: no input leads there",
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(settings.ROOT).with_suffix("").parts).removesuffix(".__init__")


def error_classes() -> Iterator[type[BaseException]]:
    """Every exception class that the project defines."""
    for path in SOURCES:
        names = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        if not names or path.parent == PAGES:
            continue
        module = importlib.import_module(module_of(path))
        yield from (found for name in names if issubclass(found := getattr(module, name), BaseException))


def raised() -> Iterator[tuple[str, int, str]]:
    """(file, line, name) of every `raise Name(...)`, but for those that a handler in the same function catches."""
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        caught = {
            inner
            for tried in ast.walk(tree)
            if isinstance(tried, ast.Try)
            for handler in tried.handlers
            if handler.type is not None and "ValueError" in ast.unparse(handler.type)
            for statement in tried.body
            for inner in ast.walk(statement)
        }
        asked = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__getattr__")
        caught |= {
            inner for function in asked for inner in ast.walk(function)
        }  # what has no such attribute has to say so
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node not in caught:
                yield str(path.relative_to(settings.ROOT)), node.lineno, ast.unparse(node.exc.func).rpartition(".")[2]


def test_every_error_that_is_defined_is_meant_for_people():
    found = list(error_classes())
    assert len(found) > 10
    assert [error.__name__ for error in found if not issubclass(error, UserFacingError)] == []


def test_nothing_else_is_raised_where_a_person_can_get_to():
    for_people = {error.__name__ for error in error_classes()} | {"KeyboardInterrupt", "SystemExit"}
    strange = [
        f"{file}:{line} raises {name}"
        for file, line, name in raised()
        if name not in for_people and not any(file.startswith(place) for place in INTERNAL)
    ]
    assert strange == []


@pytest.mark.parametrize("error", list(error_classes()), ids=lambda error: error.__name__)
def test_the_terminal_tells_each_in_one_line_with_its_exit_code(error, monkeypatch, capsys):
    def fail(_options):
        raise error("the value 7 is too large.\nGive 1 to 5.")

    monkeypatch.setitem(commands.COMMANDS, "settings", fail)
    assert main(["settings"]) == error.exit_code
    assert error.exit_code in (REQUEST, FAILURE)
    assert capsys.readouterr() == ("", "error: the value 7 is too large. Give 1 to 5.\n")


def test_a_fault_of_the_program_is_not_told_as_if_it_were_the_users(monkeypatch):
    monkeypatch.setitem(commands.COMMANDS, "settings", lambda _options: [][0])
    with pytest.raises(IndexError):
        main(["settings"])


def test_a_file_system_that_refuses_is_told_with_the_file(monkeypatch, capsys):
    def refuse(_options):
        raise PermissionError(13, "Permission denied", "/runs/of/another")

    monkeypatch.setitem(commands.COMMANDS, "settings", refuse)
    assert main(["settings"]) == FAILURE
    out, err = capsys.readouterr()
    assert (
        out == ""
        and err.startswith("error: [Errno 13] Permission denied: '/runs/of/another'. Check")
        and err.count("\n") == 1
    )


def test_a_failed_training_is_no_wrong_request():
    from core.runs.run import RunDamaged, RunNotFound
    from core.training.outcome import TrainingError
    from core.training.train_run import Stopped

    assert {error.exit_code for error in (TrainingError, Stopped, RunDamaged)} == {FAILURE}
    assert {error.exit_code for error in (RunNotFound, ArgumentError, NotMeasurable)} == {REQUEST}


@pytest.mark.parametrize("command", ["", *commands.COMMANDS])
def test_help_tells_every_exit_code(command, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([*command.split(), "--help"])
    told = capsys.readouterr().out
    assert all(f"\n  {code} " in told for code in (0, FAILURE, REQUEST, 130))
