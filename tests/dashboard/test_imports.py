"""What may be imported when: a page's first picture needs neither torch nor UMAP, and core imports no dashboard."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchvision", "umap", "numba", "sklearn", "scipy", "skimage", "distributed", "loky")
FIRST_PAINT = """
import json, sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
images = len(app.image)
loaded = [m for m in sys.argv[2:] if m in sys.modules]
print(json.dumps({"modules": loaded, "images": images, "errors": [e.value for e in app.error]}))
"""


def test_start_page_draws_without_heavy_imports(tmp_path):
    if not any((ROOT / "checkpoints").glob("*/weights.safetensors")):
        pytest.skip("no shipped runs in checkpoints/")
    environment = {**os.environ, "POINT_OR_CLOUD_CACHE": str(tmp_path), "POINT_OR_CLOUD_WARM": "off"}
    command = [sys.executable, "-c", FIRST_PAINT, str(ROOT / "dashboard" / "app.py"), *HEAVY]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["errors"] == []
    assert found["images"] >= 2, "the first picture is missing"
    assert found["modules"] == [], "imported before the first picture"


def top_level_imports(path: Path) -> set[str]:
    """Modules a file imports when it is imported itself; what stands under `if TYPE_CHECKING` does not count."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_dashboard_modules_stay_light(path):
    heavy = {
        "torch",
        "torchvision",
        "umap",
        "numba",
        "sklearn",
        "scipy",
        "skimage",
        "core.models.networks",
        "core.training.loop",
        "core.training.train_run",
        "core.training.evaluation",
        "core.runs.loading",
        "core.models.posteriors",
        "core.models.objectives",
    }
    assert not {n for n in top_level_imports(path) if n in heavy or n.split(".")[0] in heavy}


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_knows_no_dashboard(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not {name.split(".")[0] for name in names} & {"streamlit", "plotly", "dashboard"}


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module and package of core and dashboard."""
    paths = [path for package in ("core", "dashboard") for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}


def imports_of(name: str, source: str, known: Collection[str]) -> set[str]:
    """The modules of ours that a module imports, at the top or inside a function, except for type checking."""
    waiting, found = [ast.parse(source)], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are written from the root"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {path if path in known else str(node.module) for path in whole}
    return found & set(known) - {name}


def circle(graph: Mapping[str, Collection[str]]) -> list[str]:
    """The modules of one circle of imports, in order; [] where imports run one way."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := follow(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def test_imports_run_one_way():
    """Also those inside functions, which are there to save time and must not hide a circle."""
    known = modules()
    assert len(known) > 100 and "core.data.datasets" in known
    graph = {name: imports_of(name, path.read_text(), known) for name, path in known.items()}
    assert "core.latent.sampling" in graph["dashboard.cache.decoded"], "an import inside a function counts"
    assert not (found := circle(graph)), " imports ".join([*found, found[0]])


@pytest.mark.parametrize("package", ["components", "plots", "content", "cache", "panels", "session"])
def test_what_pages_are_made_of_knows_no_export(package):
    known = modules()
    found = {
        name: sorted(
            other for other in imports_of(name, path.read_text(), known) if other.startswith("dashboard.export")
        )
        for name, path in known.items()
        if name.startswith(f"dashboard.{package}")
    }
    assert found and not any(found.values()), {name: others for name, others in found.items() if others}


def test_a_circle_is_found():
    known = ("a", "b", "c.d")
    graph = {
        "a": imports_of("a", "def f():\n    from c import d", known),
        "b": imports_of("b", "if TYPE_CHECKING:\n    import a\nelse:\n    import c.d", known),
        "c.d": imports_of("c.d", "import b", known),
    }
    assert graph == {"a": {"c.d"}, "b": {"c.d"}, "c.d": {"b"}}
    assert sorted(circle(graph)) == ["b", "c.d"] and circle({"a": {"b"}, "b": set()}) == []


def test_figures_need_neither_streamlit_nor_torch():
    code = "import sys, dashboard.plots.charts; print([m for m in ('streamlit', 'torch') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout.strip() == "[]"
    )


def test_state_and_caches_have_one_place():
    paths = list((ROOT / "dashboard").rglob("*.py"))
    assert len(paths) > 20
    for path in paths:
        text = path.read_text()
        if path.name != "state.py":
            assert "session_state[" not in text.replace("`st.session_state[", "") and "session_state." not in text, path
        if path.parent.name != "cache":
            assert "st.cache_" not in text, path
        assert "unsafe_allow_html" not in text, path


def test_the_page_folder_is_not_called_pages():
    assert not (ROOT / "dashboard" / "pages").exists()
