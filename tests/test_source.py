"""What no run may reach: a name that is nowhere defined, in a branch that no test takes."""

import subprocess
import sys

from core import settings


def test_every_name_is_defined_and_every_import_is_used():
    """By ruff's rules of kind F (pyflakes'); packages that offer what they import are let off."""
    rules = [
        "--isolated",
        "--no-cache",
        "--select",
        "F",
        "--per-file-ignores",
        "__init__.py:F401",
        "--output-format",
        "concise",
    ]
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, "core", "dashboard", "tests"],
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
