"""No test may pass with the feature broken because it is not run, checks nothing, or cannot fail."""

from __future__ import annotations

import ast
import collections
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import settings

TESTS = settings.ROOT / "tests"
FILES = sorted(TESTS.rglob("*.py"))
# Calls that fail by themselves when what they look for is not there: pytest's, numpy's and torch's, the browser's.
CHECKS = re.compile(r"assert_\w+|raises|warns|fail|wait_for(_\w+)?|expect(_\w+)?")
ALWAYS_TRUE = re.compile(r"\(\)\s*=>\s*(true|1)\b")


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def decorated(function: ast.FunctionDef, what: str) -> bool:
    return any(what in ast.unparse(decorator) for decorator in function.decorator_list)


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]


def is_test(function: ast.FunctionDef) -> bool:
    return function.name.startswith("test_") and not decorated(function, "fixture")


@functools.cache
def checking() -> set[str]:
    """Names of all functions of the tests that check something, by themselves or through one another."""
    found: set[str] = set()
    bodies = [function for path in FILES for function in functions(path)]
    while True:
        more = {f.name for f in bodies if f.name not in found and any(checks(node, found) for node in ast.walk(f))}
        if not more:
            return found
        found |= more


def checks(node: ast.AST, helpers: set[str]) -> bool:
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Call) and (bool(CHECKS.fullmatch(called(node))) or called(node) in helpers)
    )


def cannot_fail(test: ast.expr) -> bool:
    """Whether a condition is true by its form alone."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, (ast.GeneratorExp, ast.Lambda, ast.JoinedStr)):
        return True
    if isinstance(test, ast.BoolOp):
        return (any if isinstance(test.op, ast.Or) else all)(map(cannot_fail, test.values))
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = ast.unparse(test.left), ast.unparse(test.comparators[0])
        length = left.startswith("len(") and (
            (right == "0" and isinstance(test.ops[0], ast.GtE)) or (right == "-1" and isinstance(test.ops[0], ast.Gt))
        )
        return length or (left == right and isinstance(test.ops[0], (ast.Eq, ast.LtE, ast.GtE, ast.Is)))
    return isinstance(test, ast.Call) and (
        called(test) == "locator" or called(test).startswith("get_by_")
    )  # an object, found or not


def never_empty(iterable: ast.expr, given: set[str]) -> bool:
    """Whether a loop runs at least once as far as can be seen.

    It does over literals, constants, fixtures, and what is built of these alone.
    """
    if isinstance(iterable, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
        return True
    names = {node.id for node in ast.walk(iterable) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    calls = {called(node) for node in ast.walk(iterable) if isinstance(node, ast.Call)}
    plain = {"items", "values", "keys", "zip", "enumerate", "range", "sorted", "product"}
    return calls <= plain and all(name in given or name.isupper() for name in names - plain)


def loops_that_may_not_run(function: ast.FunctionDef) -> Iterator[str]:
    """What is looped over by a test all of whose checks are inside loops that may not run."""
    given, helpers, doubtful = {argument.arg for argument in function.args.args}, checking(), []

    def surely(body: list[ast.stmt]) -> bool:
        for statement in body:
            if isinstance(statement, ast.For):
                runs = never_empty(statement.iter, given)
                if surely(statement.body) and runs:
                    return True
                if not runs:
                    doubtful.append(ast.unparse(statement.iter))
            elif not isinstance(statement, ast.While) and any(checks(node, helpers) for node in ast.walk(statement)):
                return True
        return False

    if not surely(function.body):
        yield from doubtful


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(settings.ROOT)}:{node.lineno}"


def test_every_function_is_a_test_a_fixture_a_hook_or_used():
    used = collections.Counter()
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.Name, ast.Attribute)):
                used[node.id if isinstance(node, ast.Name) else node.attr] += 1
    idle = [
        f"{where(path, function)} {function.name}"
        for path in FILES
        for function in functions(path)
        if not used[function.name]
        and not decorated(function, "fixture")
        and not decorated(function, "hookimpl")
        and not (is_test(function) and path.name.startswith("test_"))
    ]
    assert idle == []


def test_no_test_replaces_another_of_the_same_name():
    for path in FILES:
        names = collections.Counter(
            node.name for node in tree(path).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        )
        assert [name for name, count in names.items() if count > 1] == [], path
    assert len(FILES) > 50


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name.startswith("test_")], ids=lambda path: str(path.relative_to(TESTS))
)
def test_every_test_checks_something_that_can_fail(path):
    tests = [function for function in functions(path) if is_test(function)]
    assert [where(path, test) for test in tests if test.name not in checking()] == [], "checks nothing"
    idle = [f"{where(path, test)} loops over {what}" for test in tests for what in loops_that_may_not_run(test)]
    assert idle == [], "checks nothing when a loop does not run: say that there is something to loop over"
    asserts = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]
    assert [where(path, node) for node in asserts if cannot_fail(node.test)] == [], "cannot fail"
    strings = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [where(path, node) for node in strings if ALWAYS_TRUE.search(node.value) and path != Path(__file__)] == [], (
        "waits for nothing"
    )


@pytest.mark.parametrize(
    "condition",
    [
        "True",
        "x or True",
        "len(x) >= 0",
        "len(x) > -1",
        "(x, 'message')",
        "(a for a in x)",
        "x == x",
        "page.locator('p')",
        "page.get_by_text('p')",
        "1 and 'a'",
    ],
)
def test_what_cannot_fail_is_recognised(condition):
    assert cannot_fail(ast.parse(condition, mode="eval").body)


@pytest.mark.parametrize(
    "condition",
    [
        "x",
        "len(x) > 0",
        "x or y",
        "x is None",
        "[a for a in x]",
        "page.locator('p').is_visible()",
        "not page.locator('p')",
        "False",
    ],
)
def test_what_can_fail_is_left_alone(condition):
    assert not cannot_fail(ast.parse(condition, mode="eval").body)


@pytest.mark.parametrize(
    ("body", "idle"),
    [
        ("for a in found(): assert a", ["found()"]),
        ("for a in (1, 2): assert a", []),
        ("for a in fixture.items(): assert a", []),
        ("for a in CASES:\n        for b in find(a): assert b", ["find(a)"]),
        ("assert found()\n    for a in found(): assert a", []),
    ],
)
def test_checks_in_a_loop_that_may_not_run_are_recognised(body, idle):
    (function,) = ast.parse(f"def test_it(fixture):\n    {body}\n").body
    assert list(loops_that_may_not_run(function)) == idle
