"""The browser code passes its own checks: Prettier, ESLint, the type checker and the tests of tests/web.

Node and the packages of package.json serve development and CI; the dashboard needs neither. Without them (`npm ci`
installs the packages) these tests are skipped, or fail where POINT_OR_CLOUD_REQUIRE_NODE is set, as CI sets it once
`npm ci` succeeded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from core import settings

PACKAGE = json.loads((settings.ROOT / "package.json").read_text(encoding="utf-8"))
LOCK = json.loads((settings.ROOT / "package-lock.json").read_text(encoding="utf-8"))
CHECKS = [name for name in PACKAGE["scripts"] if name.startswith("check:") or name == "test"]


def missing() -> str:
    """What keeps the checks from running here; "" if nothing does."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node and npm are not installed"
    if not (settings.ROOT / "node_modules").is_dir():
        return "the packages of package.json are not installed (npm ci)"
    return ""


@pytest.mark.parametrize("name", CHECKS)
def test_the_browser_code_passes(name):
    if reason := missing():
        (pytest.fail if os.environ.get("POINT_OR_CLOUD_REQUIRE_NODE") else pytest.skip)(reason)
    command = ["npm", "run", "--silent", name]
    done = subprocess.run(command, check=False, cwd=settings.ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_check_is_part_of_the_one_that_developers_run():
    """`npm run check` is the command of the documentation and of CI."""
    parts = re.findall(r"npm (?:run )?([\w:]+)", PACKAGE["scripts"]["check"])
    assert sorted(parts) == sorted(CHECKS) and len(parts) >= 3


def test_the_tools_are_pinned_and_locked():
    """Exact versions, the same in both files, checked by their hashes, from npm's public registry."""
    wanted = PACKAGE["devDependencies"]
    assert PACKAGE["private"] and "dependencies" not in PACKAGE
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values()), wanted
    root, *packages = LOCK["packages"].values()
    assert root["devDependencies"] == wanted and root["engines"] == PACKAGE["engines"]
    assert {name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for package in packages:
        assert package["integrity"].startswith("sha512-")
        assert package.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/")
