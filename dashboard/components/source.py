"""The source lines of a function, read from its file without importing its module."""

from __future__ import annotations

import ast
import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One function: `file` relative to the project, dotted `name`, and its numbered lines without the docstring."""

    file: str
    name: str
    lines: tuple[tuple[int, str], ...]


@functools.lru_cache(maxsize=64)
def source_of(module: str, name: str) -> Source:
    """The function `name` ("function" or "Class.method") of `module`.

    Raises:
        LookupError: there is no such module or function.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no module {module}.")
    text = Path(spec.origin).read_text(encoding="utf-8")
    node: ast.Module | ast.FunctionDef | ast.ClassDef = ast.parse(text)
    for part in name.split("."):
        found = [n for n in node.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name == part]
        if not found:
            raise LookupError(f"{module} has no {name}.")
        node = found[0]
    if isinstance(node, ast.Module):
        raise LookupError(f"{module}: {name!r} names no function.")
    document = node.body[0] if ast.get_docstring(node) is not None else None
    inside = _lines(document) if document else ()
    rows = [(i, text.splitlines()[i - 1]) for i in _lines(node) if i not in inside]
    margin = min(len(line) - len(line.lstrip()) for _, line in rows if line.strip())
    return Source(module.replace(".", "/") + ".py", name, tuple((i, line[margin:]) for i, line in rows))


def _lines(node: ast.stmt) -> range:
    """The numbers of a statement's lines."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
