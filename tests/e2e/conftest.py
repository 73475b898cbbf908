"""The whole dashboard in a real browser: one server with a cache of its own, one page per test."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving import chromium, opened, release, served

ROOT = Path(__file__).parents[2]
IMPORT_MB = 6  # the largest upload of the server under test
PATIENCE = 120_000  # milliseconds; a busy machine is no failure


@pytest.fixture(scope="session")
def dashboard_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user cache of the server under test, empty at first."""
    return tmp_path_factory.mktemp("dashboard-cache")


@pytest.fixture(scope="session")
def dashboard_browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def dashboard_url(dashboard_browser, dashboard_cache: Path):  # noqa: ARG001 - without a browser no server is started
    """Address of a running dashboard over the shipped runs."""
    if not any((ROOT / "checkpoints").glob("*/weights.safetensors")):
        pytest.skip("no shipped runs in checkpoints/")
    environment = {"POINT_OR_CLOUD_CACHE": str(dashboard_cache), "POINT_OR_CLOUD_IMPORT_MB": str(IMPORT_MB)}
    with served(ROOT / "dashboard" / "app.py", **environment) as url:
        yield url


@pytest.fixture
def visit(dashboard_browser, dashboard_url: str):
    """visit("/samples?source=mixture", color_scheme="dark") -> a page that has come to rest."""
    pages = []

    def go(path: str = "/", **options):
        page = opened(dashboard_browser, dashboard_url + path, **options)
        page.set_default_timeout(PATIENCE)
        pages.append(page)
        return page

    yield go
    for page in pages:
        release(page)
