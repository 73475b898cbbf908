"""What the source is checked for without running it."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from core import settings

FILES = [path for package in ("core", "dashboard", "tests") for path in sorted((settings.ROOT / package).rglob("*.py"))]


def test_ruff_finds_nothing():
    """With the rules of pyproject.toml; among them that every name is defined and every import used."""
    options = ["--no-cache", "--output-format", "concise"]
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, "core", "dashboard", "tests"],
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def acting_expressions(source: str) -> list[int]:
    """Lines of statements that act inside a conditional expression, a boolean operation or a comprehension."""
    kinds = (ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)]
    return [node.lineno for node in statements if isinstance(node.value, kinds)]


def test_what_acts_is_a_statement_not_a_condition_or_a_comprehension():
    found = [
        f"{path.relative_to(settings.ROOT)}:{line}" for path in FILES for line in acting_expressions(path.read_text())
    ]
    assert found == [], "write if, or a loop"
    assert len(FILES) > 200


@pytest.mark.parametrize("acts", ["a() if x else b()", "x and f()", "[f(a) for a in x]", "{f(a) for a in x}"])
def test_an_expression_that_acts_is_recognised(acts):
    assert acting_expressions(f"if y:\n    {acts}\n") == [2]
    assert acting_expressions(f"z = {acts}\nf({acts})\n'text'\n") == []
