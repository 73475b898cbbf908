"""What the pages send to their components is what data.d.ts says of it: the type checker compares the two."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from streamlit.testing.v1 import AppTest

from core import settings

TYPES = settings.ROOT / "dashboard" / "web" / "data.d.ts"
TSC = settings.ROOT / "node_modules" / ".bin" / "tsc"
PAGES = (
    ("start", {}),
    ("latent_maps", {}),
    ("kl_weight", {}),
    ("one_image", {"part": "Decode as you move"}),
    ("one_image", {"part": "One number at a time"}),
    ("one_image", {"part": "The maths"}),
    ("samples", {}),
    ("samples", {"source": "class"}),
    ("interpolation", {}),
    ("training", {}),
    ("uses", {}),
    ("walkthrough", {}),
)


def type_of(component: str) -> str:
    """point_or_cloud_copy_link -> CopyLinkData"""
    return "".join(word.title() for word in component.removeprefix("point_or_cloud_").split("_")) + "Data"


def sent(app: AppTest) -> list[tuple[str, str]]:
    """The components on a page with their data, as JSON."""
    elements = [getattr(node, "proto", None) for node in app._tree]
    components = [getattr(element, "bidi_component", element) for element in elements if element is not None]
    return [(c.component_name, c.json or c.mixed.json) for c in components if hasattr(c, "js_content")]


@pytest.fixture
def tsc() -> str:
    if not (shutil.which("node") and TSC.exists()):
        reason = "the type checker is not installed (npm ci)"
        (pytest.fail if os.environ.get("POINT_OR_CLOUD_REQUIRE_NODE") else pytest.skip)(reason)
    return str(TSC)


def check(tsc: str, folder, lines: list[str]) -> str:
    """What the type checker objects to in statements that may use data.d.ts as `Data`."""
    shutil.copy(TYPES, folder / "data.d.ts")
    (folder / "sent.ts").write_text("\n".join(['import type * as Data from "./data";', *lines]), encoding="utf-8")
    command = [tsc, "--noEmit", "--strict", "--target", "ES2023", "--lib", "ES2023,DOM", "sent.ts"]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True).stdout


def test_pages_send_what_the_types_say(dashboard, tsc, tmp_path):
    found = {pair for page, query in PAGES for pair in sent(dashboard(page, **query))}
    seen = {type_of(name) for name, _ in found}
    lines = [
        f"export const sent{i}: Data.{type_of(name)} = {json.dumps(json.loads(data))};"
        for i, (name, data) in enumerate(sorted(found))
    ]
    assert check(tsc, tmp_path, lines) == ""
    declared = set(re.findall(r"export interface (\w+Data)\b", TYPES.read_text(encoding="utf-8")))
    assert seen <= declared and len(seen) >= 10, sorted(declared - seen)


def test_a_key_that_is_missing_or_unknown_is_noticed(tsc, tmp_path):
    good = {"label": "a", "done": "b", "failed": "c"}
    for wrong, message in (({**good, "more": 1}, "more"), ({"label": "a", "done": "b"}, "failed")):
        objections = check(tsc, tmp_path, [f"export const sent: Data.CopyLinkData = {json.dumps(wrong)};"])
        assert re.search(rf"'\"?{message}\"?'", objections), objections
    assert check(tsc, tmp_path, [f"export const sent: Data.CopyLinkData = {json.dumps(good)};"]) == ""
