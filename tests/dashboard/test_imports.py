"""What may be imported when: a page's first picture needs neither torch nor UMAP, and core knows nothing of the dashboard."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchvision", "umap", "numba", "sklearn", "scipy", "skimage", "distributed", "loky")
FIRST_PAINT = """
import json, sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
images = len(app.image)
print(json.dumps({"modules": [m for m in sys.argv[2:] if m in sys.modules], "images": images, "errors": [e.value for e in app.error]}))
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
