"""All pages in a real browser: what a visitor sees and does, on the shipped runs."""

from __future__ import annotations

import io
import re
import urllib.request

import numpy as np
import pytest
from PIL import Image
from serving import STILL, at_rest, settled

from core.metrics.scorecard import SETTINGS
from dashboard import preloads

PAGES = {
    "": "Point or Cloud",
    "latent_maps": "Latent maps",
    "samples": "Random samples",
    "interpolation": "Interpolation",
    "kl_weight": "KL weight",
    "training": "How the spaces form",
    "scorecard": "Scorecard",
    "uses": "Uses",
    "own_images": "Your own images",
}
# Start is where one is; the page for one's own images measures nothing.
LINKS = {path: title for path, title in PAGES.items() if path not in ("", "own_images")}


def heading(page) -> str:
    return page.locator("[data-testid=stHeading] h1").first.inner_text()


def alerts(page) -> list[str]:
    return page.locator("[data-testid=stAlertContainer]").all_inner_texts()


def picture(page, index: int = 0) -> np.ndarray:
    """The pixels of a picture on the page, as the server sent it."""
    source = page.locator("[data-testid=stImage] img").nth(index).get_attribute("src")
    with urllib.request.urlopen(
        page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + source if source.startswith("/") else source
    ) as answer:
        return np.array(Image.open(io.BytesIO(answer.read())).convert("L"))


def test_walk_through_all_pages_from_the_menu(visit):
    page = visit("/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    assert heading(page) == "Point or Cloud"
    for path, title in LINKS.items():
        page.locator(f"[data-testid=stSidebarNav] a[href$='{path}']").click()
        page.get_by_role("heading", name=title, level=1).wait_for()
        settled(page)
        assert page.get_by_text(re.compile("Measured (on|against)")).count() >= 1 and not alerts(page)
    assert [url for url in asked if not re.match(r"(http://127\.0\.0\.1|data:|blob:|ws://127)", url)] == [], (
        "everything comes from this server"
    )
    assert [url for url in asked if "Plotly" in url] == [], "charts are drawn without plotly.js, which is 4.7 MB"
    page.locator(".chart svg path").first.wait_for()


@pytest.mark.parametrize("path", preloads.PAGES)
def test_a_page_needs_no_script_of_streamlits_that_its_head_does_not_name(visit, path):
    page = visit("/" + path)
    settled(page)
    page.wait_for_selector("[data-testid^=stBidiComponent]", state="attached")  # at the end of every page
    # As the server sent it: to the document's head, Streamlit adds a link for whatever it fetches late.
    request = urllib.request.Request(page.url, headers={"accept": "text/html"})
    with urllib.request.urlopen(request) as answer:
        named = set(preloads.NAMED.findall(answer.read().decode()))
    asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    fetched = {url.rpartition("/")[2] for url in asked if "/static/js/" in url}
    assert fetched and not fetched - named


def test_the_loss_is_a_formula_that_the_browser_draws(visit):
    page = visit("/kl_weight")
    page.get_by_text("Is my β right?").click()
    terms = page.locator(".formula math munder:has(> munder)")
    terms.first.wait_for()
    distortion, rate = terms.all()
    assert (distortion.text_content()[-1], rate.text_content()[-1]) == ("D", "R")
    left, right = distortion.bounding_box(), rate.bounding_box()
    assert left["width"] > 100 and left["x"] + left["width"] < right["x"]
    assert page.evaluate("performance.getEntriesByType('resource').every(({ name }) => !/katex/i.test(name))")


@pytest.mark.parametrize("path", PAGES)
def test_phone_width_has_no_sideways_scroll_and_follows_light_and_dark(visit, path):
    page = visit("/" + path, viewport={"width": 390, "height": 844}, color_scheme="light")
    assert heading(page) == PAGES[path]
    form = "[data-testid=stFileUploader]"  # all that this page shows at first
    page.wait_for_selector(
        form if path == "own_images" else "[data-testid=stImage] img, [data-testid^=stBidiComponent]"
    )
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            "dark => { const app = getComputedStyle(document.querySelector('[data-testid=stApp]'));"
            " const c = app.backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);"
            " const level = (c[0] + c[1] + c[2]) / 3; return dark ? level < 80 : level > 200 }",
            arg=scheme == "dark",
        )
        settled(page)
        assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 1


def test_choices_go_into_the_url_and_come_back(visit):
    page = visit("/samples")
    page.get_by_role("button", name="mixture", exact=True).click()
    page.wait_for_url("**source=mixture**")
    page.get_by_role("button", name="Draw again").click()
    page.wait_for_url("**noise=1**")
    page.wait_for_selector(STILL)
    again = visit("/samples" + page.url.split("/samples")[1])
    for each in (page, again):
        each.locator(".sampler button[data-source='mixture'][aria-pressed='true']").wait_for()
    drawn = [p.locator(".sampler[data-ready]:not([data-complete='']) canvas.tiles").first for p in (page, again)]
    first, second = (canvas.evaluate("canvas => canvas.toDataURL()") for canvas in drawn)
    assert first == second, "the link shows the same picture"


def test_what_the_server_draws_turns_dark_with_the_page(visit):
    page = visit("/", color_scheme="light")
    image = "[data-testid=stMain] [data-testid=stImage]:not(.st-key-data-choice *) img"  # the encoding diagram
    page.locator(image).first.wait_for()
    settled(page)  # until then, the first picture may be another
    drawn = f"document.querySelector('{image}')?.src"
    light = page.evaluate(drawn)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => ![undefined, light].includes({drawn})", arg=light)
    settled(page)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"light => {drawn} === light", arg=light)


def test_hostile_link_tells_and_shows_the_default(visit):
    page = visit("/samples?temperature=1e999&source=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&latent=12345&noise=1e999")
    page.locator("[data-testid=stAlertContainer]").first.wait_for()
    told = alerts(page)
    for asked, shown in (("12345", "2"), ("img", "prior"), ("1e999", "1")):
        assert any(asked in text and re.search(rf"\b{shown}\b", text) for text in told), (asked, told)
    assert page.locator("img[src=x]").count() == 0
    assert heading(page) == "Random samples" and page.locator("[data-testid=stException]").count() == 0


def test_downloads_are_real_pictures(visit):
    page = visit("/interpolation")
    for name, kind, frames in (("PNG", "PNG", 1), ("Animated GIF", "GIF", 10)):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        with Image.open(
            waiting.value.path()
        ) as image:  # a GIF's equal neighbouring frames are one, so the count is a least
            assert image.format == kind and getattr(image, "n_frames", 1) >= frames


@pytest.mark.slow
def test_a_released_knob_trains_a_network_for_everyone(visit, dashboard_cache):
    """One training, two visitors: both see live pictures, only the first may stop it, and it outlives their tab."""
    other = visit("/kl_weight?beta=1.12&train_in=the+server")
    page = visit("/kl_weight?train_in=the+server")
    for each in (page, other):
        each.wait_for_selector('.lab[data-settled="1"]')
    trained = int(re.search(r"· (\d+) trained values?", page.inner_text("[data-testid=stMain]")).group(1))
    other.locator(".lab").evaluate("lab => (lab.mark = 'the same')")
    page.locator(".lab .slide").press("Shift+ArrowRight")
    stop = "[data-testid=stMainBlockContainer] [data-testid=stButton] button:has-text('Stop')"
    page.wait_for_selector(stop)
    assert "beta=1.12" in page.url
    other.get_by_role("button", name="Train β = 1.12").click()
    other.locator("[data-testid=stProgress]").wait_for()
    assert other.locator(stop).count() == 0
    for each in (page, other):
        each.get_by_text("1 more waiting for it").wait_for()
        each.wait_for_selector('.lab:not([data-live=""])')
    page.close()
    other.wait_for_selector(r'.lab[data-shows^="vae-mnist-5k-d16-b1.12"][data-settled="1"]')
    assert other.locator(".lab").evaluate("lab => lab.mark") == "the same", "a training must not build the lab anew"
    rows = other.locator(".lab .figures tbody tr").all()
    figures = [[float(row.locator("td").nth(i).inner_text().replace("−", "-")) for i in range(4)] for row in rows]
    np.testing.assert_allclose(np.subtract(figures[1], figures[0]), figures[2], atol=0.11)
    other.get_by_text(f"· {trained + 1} trained values").wait_for()
    assert len(list(dashboard_cache.glob("runs/vae-mnist-5k-d16-b1.12*/weights.safetensors"))) == 1
    assert not alerts(other)


def test_training_plays_in_the_page_without_asking_the_server(visit):
    page = visit("/training")
    page.wait_for_selector('.scrubber[data-ready="1"]')
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    handle, film = page.locator(".scrubber .epoch"), page.locator(".scrubber .pictures").last
    last = int(page.locator(".scrubber").get_attribute("data-epoch"))
    grown = film.evaluate("canvas => canvas.toDataURL()")
    handle.press("Home")
    page.wait_for_selector('.scrubber[data-epoch="0"]')
    assert film.evaluate("canvas => canvas.toDataURL()") != grown
    before = page.locator(".scrubber .map").first.evaluate("canvas => canvas.toDataURL()")
    handle.press("ArrowRight")
    page.wait_for_selector('.scrubber[data-epoch="1"]')
    assert page.locator(".scrubber .map").first.evaluate("canvas => canvas.toDataURL()") != before
    handle.press("Space")
    page.wait_for_selector('.scrubber:not(:is([data-epoch="1"], [data-epoch="2"], [data-epoch="3"]))')
    handle.press("End")
    page.wait_for_selector(f'.scrubber[data-epoch="{last}"]')
    assert film.evaluate("canvas => canvas.toDataURL()") == grown
    assert sent == [] and page.locator(STILL).count() == 1


@pytest.mark.slow
def test_both_spaces_form_in_the_page_with_a_drawing_among_the_images(visit):
    page = visit("/training?train_latent=3&train_seed=4")
    page.wait_for_selector('.space-training[data-ready="1"][data-state="none"]')
    view = page.locator(".space-training")
    pad = view.locator(".drawing canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 90, steps=5)
    page.mouse.up()
    assert view.get_attribute("data-drawn") == "1"
    view.locator(".train").click()
    lanes = view.locator(".lane")
    page.wait_for_selector('.space-training .lane[data-version="2"] + .lane[data-version="2"]', timeout=60_000)
    early = lanes.nth(1).locator(".tiles").evaluate("canvas => canvas.toDataURL()")
    view.locator(".train").click()
    page.wait_for_selector('.space-training[data-state="stopped"]')
    view.locator(".train").click()
    page.wait_for_selector('.space-training[data-state="done"]', timeout=180_000)
    assert lanes.nth(1).locator(".tiles").evaluate("canvas => canvas.toDataURL()") != early
    found = [re.match(r"D ([\d.]+) · R (\S+)", text) for text in lanes.locator(".figures").all_inner_texts()]
    (ae, no_rate), (vae, rate) = (match.groups() for match in found)
    assert no_rate == "n/a" and float(rate) > 3 and float(ae) < float(vae) < 165, "nats per image"
    page.goto(page.url)
    page.wait_for_selector('.space-training[data-state="done"]')  # kept in the browser
    assert not alerts(page)


def test_a_link_to_an_untrained_weight_only_offers(visit, dashboard_cache):
    for where in ("the+server", "this+browser"):
        page = visit(f"/kl_weight?beta=7.77&train_in={where}")
        page.get_by_role("button", name="Train β = 7.77").wait_for()
    assert not list(dashboard_cache.glob("runs/*b7.77*"))


@pytest.mark.slow
def test_a_released_knob_trains_in_the_page_and_the_network_can_be_given_to_everyone(visit, dashboard_cache):
    page = visit("/kl_weight")
    page.wait_for_selector('.lab[data-settled="1"]')
    page.locator(".lab .slide").press("Shift+ArrowRight")
    page.locator(".lab .slide").press("ArrowRight")
    page.wait_for_selector('.lab[data-shows^="in-training"]', timeout=60_000)
    assert "beta=1.15" in page.url
    page.wait_for_selector('.lab[data-shows^="in-this-browser"][data-settled="1"]', timeout=120_000)
    rows = page.locator(".lab .figures tbody tr").all()
    predicted, own = (float(row.locator("td").nth(2).inner_text()) for row in rows[:2])
    assert abs(own - predicted) < 8, "nats per image: as good a network as the multi-rate model"
    assert not list(dashboard_cache.glob("runs/*b1.15*")), "the server has trained nothing"
    page.get_by_role("button", name="Give it to everyone").click()
    page.wait_for_selector(r'.lab[data-shows^="vae-mnist-5k-d16-b1.15"][data-settled="1"]', timeout=120_000)
    assert not alerts(page)


def test_a_sentence_of_the_scorecard_opens_and_leads_to_its_page_with_the_same_choice(visit):
    page = visit("/scorecard?latent=2")
    sentences = page.locator(".st-key-claims summary")
    sentences.nth(13).wait_for()
    assert page.locator(".marks .ball").count() == len(SETTINGS) * sentences.count()
    for width in (1280, 390):  # the verdicts stand beside their sentence, not on it
        page.set_viewport_size({"width": width, "height": 800})
        lines = page.locator(".st-key-claims [class*=st-key-claim-]").evaluate_all(
            "rows => rows.map(row => ['summary p', '.marks']"
            ".map(part => row.querySelector(part).getBoundingClientRect())"
            ".flatMap(r => [r.top, r.bottom, r.left, r.right]))"
        )
        assert lines and all(
            right <= left and top < bottom2 and top2 < bottom for top, bottom, _, right, top2, bottom2, left, _ in lines
        )
    page.set_viewport_size({"width": 1280, "height": 800})
    claim = page.locator(".st-key-claim-prior-nonsense")
    link = claim.locator("[data-testid=stPageLink-NavLink][href$='samples']")
    assert not link.is_visible()
    at_rest(claim.locator("summary")).click()
    link.wait_for()
    at_rest(link).click()
    page.get_by_role("heading", name="Random samples", level=1).wait_for()
    settled(page)
    assert page.get_by_text("latent size 2").count() >= 1 and "latent=2" in page.url


def test_what_is_drawn_is_judged_and_compressed(visit):
    page = visit("/uses?use=detect+anomalies&picture=draw+one")
    tile = page.locator(".tiles img").first
    pad = page.locator(".drawn canvas")
    pad.scroll_into_view_if_needed()
    before = tile.get_attribute("src")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 160, steps=8)
    page.mouse.up()
    page.wait_for_function("src => document.querySelector('.tiles img').src !== src", arg=before)
    drawn = tile.get_attribute("src")
    page.get_by_role("radio", name="compress").or_(
        page.get_by_role("button", name="compress", exact=True)
    ).first.click()
    page.get_by_text("bits for each of the 16 latent numbers").wait_for()
    assert page.locator(".tiles img").first.get_attribute("src") == drawn, "the drawing is kept for the next use"
    assert not alerts(page)
