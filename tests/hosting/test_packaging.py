"""The project as a package: the same pins in two files, a console script, no dependency that only some people need."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points

import pytest

from core import settings

PROJECT = tomllib.loads((settings.ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Packages that are imported under another name than they are installed by.
IMPORTED_AS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "markdown_it": "markdown-it-py",
    "axe_playwright_python": "axe-playwright-python",
}
WITH_OTHERS = {
    "llvmlite": "numba",
    "pandas": "streamlit",
    "pynndescent": "umap-learn",
    "tornado": "streamlit",
    "uvicorn": "streamlit",
}


def test_requirements_txt_holds_the_pins_of_the_project_and_of_its_extras():
    lines = (settings.ROOT / "requirements.txt").read_text().splitlines()
    pins = [line.split("#")[0].strip() for line in lines if re.match(r"[A-Za-z]", line)]
    assert sorted(pins) == sorted([*PROJECT["dependencies"], *EXTRAS["cluster"], *EXTRAS["test"]])
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", pin) for pin in pins)
    assert "-e ." in lines, "and the project itself"


def imports_of(folder: str) -> set[str]:
    """Top-level packages that a folder's modules import, by the name they are installed by."""
    found = set()
    for path in (settings.ROOT / folder).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
        for name in {module.split(".")[0] for module in modules}:
            if name not in sys.stdlib_module_names and name not in ("core", "dashboard", "tests"):
                found.add(IMPORTED_AS.get(name, WITH_OTHERS.get(name, name)))
    return found


def test_what_the_product_imports_is_a_dependency_and_the_cluster_is_optional():
    named = {pin.split("==")[0] for pin in PROJECT["dependencies"]}
    optional = {pin.split("==")[0] for pin in EXTRAS["cluster"]}
    assert imports_of("core") | imports_of("dashboard") <= named | optional
    users = [
        p.name for p in (settings.ROOT / "core").rglob("*.py") if re.search(r"(from|import) distributed", p.read_text())
    ]
    assert users == ["cluster.py"]


def test_without_distributed_a_cluster_is_refused_with_what_to_install(monkeypatch):
    from core.jobs import cluster

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(cluster.ClusterError, match=r"pip install .*cluster"):
        cluster.connect("tcp://127.0.0.1:1")


def test_the_console_script_is_the_command_line():
    (script,) = [e for e in entry_points(group="console_scripts") if e.name == "point-or-cloud"]
    assert script.value == PROJECT["scripts"]["point-or-cloud"] == "core.cli.main:program"
    code = "import sys; from {} import {}; sys.argv = ['point-or-cloud', 'nonsense']; {}()".format(
        *script.value.split(":"), script.value.split(":")[1]
    )
    answers = [
        subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=60, check=False)
        for command in (["-c", code], ["-m", "core", "nonsense"])
    ]
    assert {a.returncode for a in answers} == {2} and all("nonsense" in a.stderr for a in answers)
