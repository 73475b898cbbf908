"""Three pages by axe-core, light and dark in turns (CI runs `python -m tests.accessible`); and the keyboard alone."""

from __future__ import annotations

import json

import pytest
from serving import settled

from tests.accessible import findings, paths


@pytest.mark.slow
def test_no_page_has_a_serious_finding(dashboard_browser, dashboard_url):
    pages = ["", "one_image", "kl_weight"]  # those with most of the project's own drawing
    assert set(pages) < set(paths(dashboard_url))
    found = {
        path: findings(dashboard_browser, f"{dashboard_url}/{path}", ("light", "dark")[i % 2])
        for i, path in enumerate(pages)
    }
    assert not any(found.values()), json.dumps({path: wrong[:5] for path, wrong in found.items() if wrong}, indent=1)


def test_the_keyboard_alone_gets_from_the_start_to_the_walkthrough(visit):
    """Tab reaches the navigation, the controls and the first thing to do, each with a name; Enter does it."""
    page = visit("/")
    page.get_by_role("button", name="Take the walkthrough").wait_for()
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        tag, name = page.evaluate(
            "(e => [e.tagName, (e.getAttribute('aria-label') || e.innerText || e.value || '').trim()])"
            "(document.activeElement)"
        )
        names.append(name)
        if tag == "BUTTON" and "Take the walkthrough" in name:
            break
    assert "Take the walkthrough" in names[-1], names
    assert any("Latent maps" in name for name in names), "the pages are reached on the way"
    page.keyboard.press("Enter")
    page.wait_for_url("**/walkthrough**", timeout=30_000)
    settled(page)
    assert page.locator("[data-testid=stException]").count() == 0
