"""What the project says about itself: every name and file that a docstring, a comment or the README mentions exists."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import settings

ROOT = settings.ROOT
PACKAGES = ("core", "dashboard", "tests")
PYTHON = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BROWSER = sorted(path for path in (ROOT / "dashboard").rglob("*") if path.suffix in (".js", ".css", ".html"))
PAPERS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+(?![\w/])")
FILE = re.compile(r"(?<![\w:/.-])(?:[\w-]+/)*[\w-]+\.(?:py|js|css|html|toml|md)\b(?!\()")
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\([^`]*\))?`")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|<!--.*?-->", re.S)
ELSEWHERE = {"load.py", "other.js", "plotly.js", "index.html"}  # made by a run, an example, another project's


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Docstrings and comments of a file, or all of a text for people, with their lines."""
    if path in PAPERS:
        yield from enumerate(path.read_text().splitlines(), 1)
        return
    if path.suffix != ".py":
        source = path.read_text()
        yield from ((source.count("\n", 0, found.start()) + 1, found[0]) for found in COMMENT.finditer(source))
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def module_file(parts: list[str]) -> Path | None:
    place = ROOT.joinpath(*parts)
    return (
        place / "__init__.py"
        if (place / "__init__.py").exists()
        else place.with_suffix(".py")
        if place.with_suffix(".py").exists()
        else None
    )


def members(node: ast.AST) -> dict[str, ast.AST | None]:
    """What a module or a class defines or imports, by name; attributes that a class's methods set, too."""
    found: dict[str, ast.AST | None] = {}
    for statement in ast.walk(node) if isinstance(node, ast.ClassDef) else getattr(node, "body", []):
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found[statement.name] = statement
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0]: None for alias in statement.names}
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                    found[name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")] = None
    return found


def exists(reference: str) -> bool:
    """Whether a dotted name leads to a module of the project, or to something that one defines."""
    parts = reference.split(".")
    for count in range(len(parts), 0, -1):
        folder = ROOT.joinpath(*parts[:count])
        file = module_file(parts[:count])
        if file is None and not folder.is_dir():
            continue
        node: ast.AST | None = tree(file) if file else ast.Module([], [])
        if parts[:1] == ["core"] and count == 1 and len(parts) == 2:  # names that core offers lazily
            import core

            return parts[1] in core.__all__
        for part in parts[count:]:
            found = members(node)
            if part not in found:
                return False
            node = found[part]
            if node is None:  # imported or assigned: what it has is another's
                return True
        return True
    return False


@functools.cache
def identifiers() -> set[str]:
    """Every name in the code itself, docstrings and comments left out: definitions, arguments, attributes, keys."""
    found: set[str] = set()
    for path in PYTHON:
        docstrings = {
            node.body[0].value
            for node in ast.walk(tree(path))
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
        }
        for node in ast.walk(tree(path)):
            for field in ("id", "attr", "name", "arg", "asname", "module"):
                value = getattr(node, field, None)
                if isinstance(value, str):
                    found.update(value.split("."))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
                found.update(re.findall(r"\w+", node.value))
    for path in BROWSER:
        found.update(re.findall(r"\w+", COMMENT.sub("", path.read_text())))
    return found | set(dir(__builtins__)) | {path.stem for path in PYTHON + BROWSER}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON + BROWSER + PAPERS, ids=label)
def test_every_name_and_file_that_is_mentioned_exists(path):
    missing = []
    names = (
        {file.name for file in PYTHON + BROWSER}
        | {file.name for file in ROOT.glob("*.*")}
        | {file.name for file in (ROOT / "dashboard").rglob("*.toml")}
        | ELSEWHERE
    )
    for line, text in texts(path):
        missing += [f"{line}: {name}" for name in DOTTED.findall(text) if not exists(name) and not FILE.fullmatch(name)]
        for file in FILE.findall(text):
            if not ((ROOT / file).exists() if "/" in file else file in names):
                missing.append(f"{line}: {file}")
        if path.suffix == ".py":
            for name in NAME.findall(text):
                missing += [f"{line}: `{name}`" for part in name.split(".") if part not in identifiers()][:1]
    assert missing == []


def test_what_is_missing_is_found_missing():
    assert (
        exists("core.training.loop.fit")
        and exists("core.runs.run.Run.trace")
        and exists("core.sample")
        and exists("tests.benchmarks")
    )
    assert (
        not exists("core.training.loop.evaluate")
        and not exists("core.runs.run.Run.paint")
        and not exists("core.no_such_module")
        and not exists("core.evaluate")
    )
    assert DOTTED.findall("see `core.metrics.paths.flip_rate`.") == ["core.metrics.paths.flip_rate"]
    assert FILE.findall("as canvas.js reads it; in core/models/networks.py.") == [
        "canvas.js",
        "core/models/networks.py",
    ]


def test_fit_yields_the_rows_that_its_docstring_lists():
    from core.config import RunConfig
    from core.data.datasets import load_dataset
    from core.training.loop import fit

    listed = re.search(r"rows with (.*?)\.\n", fit.__doc__, re.S)[1]
    epoch = next(fit(RunConfig(dataset="tiny", trunk="mlp-400", latent_dim=2, epochs=1), load_dataset("tiny"), "cpu"))
    assert set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", listed))) == set(epoch.row)


# ------------------------------------------------------------------------------------------------------- constants


def constants(path: Path) -> dict[str, ast.expr]:
    """The names in capitals that a module assigns at its top, and what it assigns."""
    found = {}
    for statement in tree(path).body:
        if isinstance(statement, ast.Assign):
            pairs = [
                (name, value)
                for target in statement.targets
                for name, value in (
                    zip(target.elts, statement.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple)
                    else [(target, statement.value)]
                )
            ]
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            pairs = [(statement.target, statement.value)]
        else:
            continue
        found |= {
            name.id: value for name, value in pairs if isinstance(name, ast.Name) and name.id.strip("_").isupper()
        }
    return found


def test_every_constant_is_used():
    used = {"core": set(), "tests": set()}
    for path in PYTHON:
        kind = "tests" if path.is_relative_to(ROOT / "tests") else "core"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used[kind].add(node.id)
            elif isinstance(node, ast.Attribute):
                used[kind].add(node.attr)
    idle = [
        f"{label(path)}: {name}"
        for path in PYTHON
        for name in constants(path)
        if name not in used["core"] and not (path.is_relative_to(ROOT / "tests") and name in used["tests"])
    ]
    assert idle == [], "used nowhere, or by tests alone"


# Equal by chance: each file format counts its own versions, and maps are drawn from other seeds than models are
# trained from.
OWN = {"SCHEMA", "SEEDS"}


def test_no_constant_is_a_copy():
    places: dict[tuple[str, str], list[str]] = {}
    for path in PYTHON:
        if path.is_relative_to(ROOT / "tests"):
            continue
        for name, value in constants(path).items():
            with contextlib.suppress(ValueError):  # computed, or imported from where it belongs
                places.setdefault((name, repr(ast.literal_eval(value))), []).append(label(path))
    assert {name: where for (name, _), where in places.items() if len(where) > 1 and name not in OWN} == {}
