"""Presenter mode in a browser: keys and clicker, deep links, reload, Back, blank, notes, autoplay; nothing external."""

from __future__ import annotations

import re

import pytest
from serving import painted, settled, until

from dashboard.export import share_menu
from dashboard.panels import pictures
from dashboard.walkthrough import scenes

SCENE = ".presenter[data-scene='{}'][data-revealed='{}']"


def at(page, scene: str, revealed: bool = False) -> None:
    """Wait until a scene is on screen, asked or revealed."""
    page.locator(SCENE.format(scene, "1" if revealed else "")).wait_for(state="attached")
    settled(page)


@pytest.fixture(scope="module")
def talk(dashboard_browser, dashboard_url):
    """One page for the talk, opened by a deep link."""
    context = dashboard_browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.outside, page.errors = [], []
    page.on(
        "request",
        lambda r: page.outside.append(r.url) if not re.match(r"(http|ws)://127\.0\.0\.1|data:|blob:", r.url) else None,
    )
    page.on("pageerror", lambda error: page.errors.append(str(error)))

    def go(path: str):
        page.goto(dashboard_url + path)
        settled(page)
        return page

    page.visit = go
    yield page
    context.close()


def test_keys_and_clicker_walk_and_back_and_reload_keep_the_scene(talk):
    page = talk.visit("/walkthrough?scene=code&present=true")
    at(page, "code")
    assert (
        not page.locator("[data-testid=stSidebar]").is_visible()
        and not page.locator("[data-testid=stHeader]").is_visible()
    )
    assert (
        page.evaluate("parseFloat(getComputedStyle(document.querySelector('.st-key-walk-sentence p')).fontSize)") > 24
    ), "type for a projector"
    page.keyboard.press("ArrowRight")  # the answer first
    at(page, "code", revealed=True)
    page.keyboard.press("PageDown")  # what a clicker sends
    at(page, "point-or-cloud")
    assert "scene=point-or-cloud" in page.url and "present=true" in page.url and "reveal" not in page.url
    page.reload()
    at(page, "point-or-cloud")
    page.go_back()
    at(page, "code", revealed=True)
    page.go_forward()
    at(page, "point-or-cloud")
    page.keyboard.press("PageUp")
    at(page, "code")
    page.keyboard.press("2")  # the second choice
    at(page, "code", revealed=True)
    page.get_by_text("(your guess)").wait_for()
    page.keyboard.press("End")
    at(page, "right-beta")
    assert not page.errors and page.outside == []


def covering(page, kind):
    """The sheet of a kind, which covers the whole screen."""
    sheet = page.locator(f".presenter-screen.{kind}")
    assert sheet.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 720}
    return sheet


def test_blank_hides_everything_and_the_first_click_only_brings_it_back(talk):
    page = talk.visit("/walkthrough?scene=code&present=true")
    at(page, "code")
    page.keyboard.press("b")
    blank = covering(page, "blank")
    page.keyboard.press("PageDown")
    blank.wait_for(state="detached")
    page.keyboard.press("b")
    page.keyboard.press("b")
    assert blank.count() == 0
    at(page, "code")
    page.keyboard.press("Escape")
    page.locator("[data-testid=stSidebar]").wait_for()
    assert "present" not in page.url and "scene=code" in page.url


def test_notes_are_in_a_window_of_their_own_that_follows_and_steers(talk):
    page = talk.visit("/walkthrough?scene=prior&present=true")
    at(page, "prior")
    with page.expect_popup() as opened:
        page.keyboard.press("n")
    notes = opened.value
    notes.get_by_text("Generating digits").wait_for()
    assert re.search(r"\d\d:\d\d.*\d:\d\d", notes.inner_text("p >> nth=0")) and "Answer: " in notes.inner_text("body")
    assert "Generating digits" in notes.inner_text("body") and "Next: Was the comparison fair?" in notes.inner_text(
        "body"
    )
    notes.keyboard.press("PageDown")
    at(page, "prior", revealed=True)
    notes.get_by_role("button", name="Next").click()
    at(page, "mixture")
    notes.get_by_text("Was the comparison fair?").first.wait_for()
    notes.close()


def test_a_map_keeps_its_arrow_keys_and_a_link_opens_the_page_in_the_scenes_state(talk):
    page = talk.visit("/walkthrough?scene=decode&present=true")
    at(page, "decode")
    page.locator(".planes[data-ready='1']").wait_for()
    page.locator(".planes canvas.space").first.focus()
    page.keyboard.press("ArrowRight")
    assert "scene=decode" in page.url and "reveal" not in page.url, "the arrow moved the cursor, not the talk"
    page.keyboard.press("PageDown")
    at(page, "decode", revealed=True)
    page.locator(".planes button[data-mode=holes][aria-pressed=true]").wait_for()
    page.get_by_role("link", name="Try this yourself").click()
    page.get_by_role("heading", name="One image through both", level=1).wait_for()
    settled(page)
    assert "latent=2" in page.url and page.locator("[data-testid=stSidebar]").is_visible()
    assert page.get_by_text("latent size 2").count() > 0 and page.locator("[data-testid=stAlertContainer]").count() == 0


def test_left_alone_it_goes_on_by_itself(talk):
    page = talk.visit("/walkthrough?scene=price&present=true&autoplay=true")
    page.clock.install()
    page.reload()
    at(page, "price")
    page.clock.run_for(90_000)
    at(page, "price", revealed=True)
    page.clock.run_for(90_000)
    at(page, "prior")


def test_the_code_on_the_wall_is_this_scenes_link_and_full_screen_comes_and_goes(talk):
    page = talk.visit("/walkthrough?scene=copies&present=true")
    at(page, "copies")
    page.keyboard.press("q")
    sheet = covering(page, "link")
    assert sheet.inner_text().strip() == page.url, "the link, for who cannot read the code"
    assert sheet.locator("img").get_attribute("src") == share_menu.qr(page.url)
    assert sheet.locator("img").evaluate("async image => (await image.decode(), image.naturalWidth)") > 100
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    at(page, "copies")
    assert "present=true" in page.url, "Escape took the code away, not the talk"
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    page.keyboard.press("f")
    page.wait_for_function("!document.fullscreenElement")


SCREENS = ((1920, 1080), (1280, 720), (1024, 768))
OVER = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  return Math.max(main.scrollHeight - main.clientHeight, main.scrollWidth - main.clientWidth);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("reveal", ["", "&reveal=true"], ids=["asked", "revealed"])
def test_no_scene_is_larger_than_a_projectors_screen(talk, reveal):
    shipped = scenes.read(scenes.SHIPPED, pictures())
    assert shipped
    for scene in shipped:
        page = talk.visit(f"/walkthrough?scene={scene.id}&present=true{reveal}")
        at(page, scene.id, revealed=bool(reveal))
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            painted(page)  # pictures are drawn anew, then type is fitted
            until(page, lambda page=page: page.evaluate(OVER) <= 2, f"{scene.id} fits {width} x {height}", seconds=10)
            size = page.evaluate(
                "parseFloat(getComputedStyle(document.querySelector('.st-key-walk-sentence p')).fontSize)"
            )
            assert size >= height / 45, f"{scene.id} at {width} x {height}: type too small to read from a distance"
    page.set_viewport_size({"width": 1280, "height": 720})
