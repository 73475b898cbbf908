"""What the source is checked for without running it."""

from __future__ import annotations

import subprocess
import sys

from core import settings


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
