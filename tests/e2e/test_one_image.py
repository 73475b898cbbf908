"""One image through both, in a real browser over the shipped runs: what is seen on the page is what torch computes."""

from __future__ import annotations

import io
import re
import urllib.parse

import numpy as np
import pytest
import torch
from PIL import Image
from serving import opened, painted, settled, until

from core.data.datasets import load_dataset
from core.runs.store import RunStore

PIXELS = """(canvas) => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, 28, 28);
  return Array.from({length: 784}, (_, i) => data[4 * i]);
}"""


@pytest.fixture(scope="module")
def shared(dashboard_browser, dashboard_url):
    """One page for most tests of this file: opening it takes longer than testing it."""
    page = opened(dashboard_browser, dashboard_url + "/one_image", viewport={"width": 1280, "height": 1200})
    yield page
    page.close()


@pytest.fixture
def page(shared):
    """The page, with the first thumbnail on the pad."""
    shared.bring_to_front()  # others may have been opened since
    shared.wait_for_selector('.encode-decode[data-ready="1"]')
    shared.locator(".thumbs button").first.click()
    settled(shared)
    rested(shared)
    yield shared
    assert [e for e in shared.errors if "404" not in e] == []


@pytest.fixture(scope="module")
def models():
    """The networks the page shows by default, by model and latent size."""
    store, found = RunStore(), {}
    for d in (2, 16):
        for kind, beta in (("ae", None), ("vae", 1.0)):
            runs = store.find(model=kind, latent_dim=d, seed=0, beta=beta, dataset="mnist-5k", epochs=25, noise=0.0)
            if not runs:
                pytest.skip(f"no shipped {kind} with latent size {d}")
            found[kind, d] = runs[0].load_model()
    return found


def grey(page, selector) -> np.ndarray:
    """A tile's grey levels, (28, 28)."""
    return np.array(page.locator(selector).evaluate(PIXELS), dtype=float).reshape(28, 28)


def part(page, name, selector):
    """One of the exhibits below the image, ready."""
    page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first.click()
    page.wait_for_selector(f'{selector}[data-ready="1"]')
    page.locator(selector).scroll_into_view_if_needed()  # what is not seen is not computed
    settled(page)


def stroke(page, points, release=True):
    box = page.locator(".encode-decode .pad").bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
        if i == 0:
            page.mouse.down()
    if release:
        page.mouse.up()


def rested(page):
    """Wait until everything that depends on the drawing has been computed."""
    painted(page)
    page.wait_for_function(
        "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('.encode-decode').dataset.resting === '1'"
    )


def by_torch(model, image: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(image / 255).float().reshape(1, 1, 28, 28)
    with torch.no_grad():
        return (model.decode_image(model.encode(x).mean)[0, 0] * 255).numpy()


def test_a_drawing_goes_through_both_models_while_it_is_drawn(page, models):
    page.get_by_role("button", name="Clear, to draw").click()
    rested(page)
    assert grey(page, ".seen .tile").max() == 0
    empty = grey(page, '.lane[data-side="right"] .mean')
    stroke(page, [(0.15, 0.1), (0.5, 0.12), (0.4, 0.4)], release=False)
    until(
        page,
        lambda: np.abs(grey(page, '.lane[data-side="right"] .mean') - empty).mean() > 1,
        "the reconstruction follows the stroke before its end",
    )
    stroke(page, [(0.4, 0.4), (0.3, 0.6)])
    rested(page)

    seen = grey(page, ".seen .tile")
    ink = seen > 40
    assert ink.any(1).sum() == pytest.approx(20, abs=1)  # the longer side fills MNIST's box
    weights = seen / seen.sum()
    centre = [(np.arange(28) + 0.5) @ weights.sum(1 - axis) for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=0.2)
    for side, kind in (("left", "ae"), ("right", "vae")):
        shown = grey(page, f'.lane[data-side="{side}"] .mean')
        assert (
            np.abs(shown - by_torch(models[kind, 16], seen)).max() < 4
        )  # the tile's own grey levels are rounded to bytes
    assert "squared error" in page.locator('.lane[data-side="left"] table').inner_text()
    assert page.locator('.lane[data-side="left"] tr').nth(1).inner_text().split()[-1] == "n/a"  # a point has no rate


def test_encoding_fifty_times_gives_one_point_and_a_cloud(page):
    rested(page)
    text = page.locator(".encode-decode .repeat").inner_text()
    assert "AE's codes coincide exactly (largest difference 0)" in text
    ratio = float(re.search(r"standard deviation is ([\d.]+) times", text).group(1))
    assert ratio == pytest.approx(1, abs=0.25)  # 50 draws in 16 dimensions
    tiles = page.locator('.lane[data-side="left"] .sample').evaluate_all(f"all => all.map({PIXELS})")
    assert len(tiles) > 1 and all(tile == tiles[0] for tile in tiles)
    tiles = page.locator('.lane[data-side="right"] .sample').evaluate_all(f"all => all.map({PIXELS})")
    assert len({tuple(tile) for tile in tiles}) == len(tiles)
    before = tiles[0]
    page.get_by_role("button", name="Draw 50 new codes").click()
    rested(page)
    sample = page.locator('.lane[data-side="right"] .sample').first
    until(page, lambda: sample.evaluate(PIXELS) != before, "new codes give another sample")


def test_a_chosen_image_is_in_the_link_and_its_figures_are_the_runs(page, visit):
    labels = load_dataset("mnist-5k").test_labels
    index = int(np.flatnonzero(labels == 4)[0])
    page.locator(f'.thumbs button[data-image="{index}"]').click()
    page.wait_for_url(f"**index={index}*")
    settled(page)
    expected = load_dataset("mnist-5k").test_images[index, 0]
    assert np.array_equal(grey(page, ".seen .tile"), expected)
    shown = float(page.locator('.lane[data-side="right"] tr').nth(3).inner_text().split()[-1])
    run = RunStore().find(model="vae", latent_dim=16, seed=0, beta=1.0, dataset="mnist-5k", epochs=25, noise=0.0)[0]
    assert shown == pytest.approx(float(run.arrays("gallery.npz")["mse"][index]), abs=2e-4)

    other = page.locator(".thumbs button").nth(7)
    other.click()  # the first choice comes back from the server now, and must not undo this one
    page.wait_for_url(f"**index={other.get_attribute('data-image')}*")
    settled(page)
    rested(page)
    assert np.array_equal(
        grey(page, ".seen .tile"), load_dataset("mnist-5k").test_images[int(other.get_attribute("data-image")), 0]
    )

    again = visit(f"/one_image?index={index}")
    again.wait_for_selector('.encode-decode[data-ready="1"]')
    rested(again)
    assert np.array_equal(grey(again, ".seen .tile"), expected)


@pytest.mark.parametrize("value", ["99999999999", "%3Cscript%3E"])
def test_a_hostile_link_gets_a_message_and_the_first_image(visit, value):
    page = visit(f"/one_image?index={value}")
    page.wait_for_selector('.encode-decode[data-ready="1"]')
    told = page.locator('[data-testid="stAlert"]').all_inner_texts()
    assert len(told) == 1 and re.sub(r"\W", "", urllib.parse.unquote(value)) in told[0]
    assert page.locator("text=Traceback").count() == 0
    rested(page)
    assert np.array_equal(grey(page, ".seen .tile"), load_dataset("mnist-5k").test_images[0, 0])


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def test_uploads_are_read_or_refused(page, tmp_path, dashboard_cache):
    page.get_by_text("Use your own image").click()
    chooser = page.locator('[data-testid="stFileUploaderDropzone"] input')
    before = grey(page, ".seen .tile")
    files = {path.name for path in dashboard_cache.rglob("*")}
    for content, words in (
        (b"<svg onload=alert(1)>", "not a PNG, JPEG,"),
        (png(np.zeros((90, 90), np.uint8))[:60], "damaged"),
    ):
        bad = tmp_path / f"{words[:3]}.png"
        bad.write_bytes(content)
        chooser.set_input_files(bad)
        page.get_by_text(words).wait_for()
        settled(page)
        assert np.array_equal(grey(page, ".seen .tile"), before)
    paper = np.full((200, 300), 235, np.uint8)
    paper[40:160, 140:160] = 30  # one dark stroke, like a 1
    good = tmp_path / "one.png"
    good.write_bytes(png(paper))
    chooser.set_input_files(good)
    page.get_by_text("Your image, as the networks see it").wait_for()
    rested(page)
    seen = grey(page, ".seen .tile")
    assert (seen > 100).any(1).sum() == 20 and seen[14, 13:15].min() > 200 and seen[:, :9].max() == 0
    assert {path.name for path in dashboard_cache.rglob("*")} - files == set(), "nothing of it is stored"


def test_the_real_decoder_runs_under_the_cursor_without_the_server(page, models):
    part(page, "Decode as you move", ".planes")
    painted(page)
    box = page.locator('.plane[data-side="right"] .space').bounding_box()
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    seen = []
    right = page.locator('.plane[data-side="right"]')
    for x, y in ((0.5, 0.5), (0.62, 0.4), (0.4, 0.7)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
        until(page, lambda: right.get_attribute("data-cursor") not in (None, *seen), "the cursor is followed")
        painted(page)
        for side, kind in (("left", "ae"), ("right", "vae")):
            code = [
                float(v) for v in page.locator(f'.plane[data-side="{side}"]').get_attribute("data-cursor").split(",")
            ]
            with torch.no_grad():
                expected = models[kind, 2].decode_image(torch.tensor([code]))[0, 0].numpy() * 255
            assert (
                np.abs(grey(page, f'.plane[data-side="{side}"] .under figure:first-child .tile') - expected).max() < 3
            ), side
        seen.append(page.locator('.plane[data-side="right"]').get_attribute("data-cursor"))
    assert len(set(seen)) == 3
    assert sent == []
    page.locator('.plane[data-side="right"] .space').focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda: right.get_attribute("data-cursor") != seen[-1], "the key moves the cursor")
    moved = [float(v) for v in right.get_attribute("data-cursor").split(",")]
    last = [float(v) for v in seen[-1].split(",")]
    assert moved[0] > last[0] and moved[1] == pytest.approx(last[1], abs=2e-3)


def test_holes_and_class_regions_are_measured(page):
    part(page, "Decode as you move", ".planes")
    page.get_by_role("button", name="Classes", exact=True).click()
    page.locator(".planes .finding", has_text="Codes drawn from N(0, I)").wait_for(timeout=120_000)
    shares = re.findall(r"(?:AE|VAE) ([\d.]+)%", page.locator(".planes .finding").inner_text())
    assert len(shares) == 2 and all(0 <= float(share) <= 100 for share in shares)
    colors = page.locator('.plane[data-side="right"] .space').evaluate(
        """(canvas) => {
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), seen = new Map();
          for (let i = 0; i < data.length; i += 4) {
            const key = [data[i], data[i+1], data[i+2]].join();
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
          return [...seen].filter(([, n]) => n > 400).length;
        }"""
    )
    assert colors >= 7  # regions of most of the ten classes


def test_the_first_sentence_says_what_the_table_says_of_this_image(page):
    def sentence():
        rested(page)
        said = page.locator(".encode-decode .lead").inner_text()
        errors = re.findall(r"squared error ([\d.]+)", said.split(". More")[0].rstrip("."))
        tables = [
            page.locator(f'.encode-decode .lane[data-side="{side}"] tr').last.locator("td").last.inner_text()
            for side in ("left", "right")
        ]
        assert [e.rstrip(".") for e in errors] == tables
        rate = page.locator('.encode-decode .lane[data-side="right"] tr').nth(1).inner_text()
        assert re.search(r"rate of ([\d.]+) nats", said).group(1) in rate
        return said

    first = sentence()
    page.locator(".thumbs button").nth(4).click()
    settled(page)
    assert sentence() != first


def test_small_steps_name_what_changed(page):
    part(page, "Small steps", ".neighbours")
    page.locator(".neighbours .finding", has_text="At this step").wait_for(timeout=120_000)
    for board in page.locator(".neighbours .board").all():
        said = int(re.match(r"(\d) of 8", board.locator("p").inner_text()).group(1))
        names = board.locator(".nine > div").all_inner_texts()
        assert board.locator(".flipped").count() == said == sum(name != names[4] for name in names)
    rate = float(re.search(r"([\d.]+)% over", page.locator(".neighbours .board").first.inner_text()).group(1))
    page.locator(".neighbours .step").fill("1")

    def larger() -> bool:
        found = re.search(r"([\d.]+)% over", page.locator(".neighbours .board").first.inner_text())
        return found is not None and float(found[1]) > rate

    until(page, larger, "longer steps change more answers", seconds=120)


def test_live_numbers_change_the_picture_and_dead_ones_do_not(page):
    part(page, "One number at a time", ".traverse")
    lane = page.locator('.traverse .lane[data-side="right"]')
    lane.locator(".dimension[data-range]").first.wait_for()
    live = [
        float(v)
        for v in lane.locator(".dimension:not(.inactive)").evaluate_all("all => all.map((r) => r.dataset.range)")
    ]
    inactive = [
        float(v) for v in lane.locator(".dimension.inactive").evaluate_all("all => all.map((r) => r.dataset.range)")
    ]
    assert inactive and max(inactive) < 0.02 < min(live)

    def move(row):
        row.locator("input").fill("2.5")
        set_to = float(row.locator("input").input_value())  # the slider's step next to 2.5

        def shown() -> bool:
            found = re.search(r"= ([\d.]+)", row.inner_text())
            return found is not None and abs(float(found[1]) - set_to) < 0.006

        until(page, shown, "the number that was set is drawn")
        return float(lane.get_attribute("data-moved"))

    assert move(lane.locator(".dimension.inactive").first) < 0.01
    assert move(lane.locator(".dimension").first) > 0.02
    rates = [float(text.split()[0]) for text in lane.locator(".dimension b").all_inner_texts()]
    assert rates == sorted(rates, reverse=True)


def test_the_maths_shows_the_code_that_runs_and_numbers_that_add_up(page):
    from pathlib import Path

    part(page, "The maths", ".maths")
    page.locator(".maths .filled", has_text="loss =").first.wait_for()
    root = Path(__file__).parents[2]
    for cell in page.locator(".maths .cell").all():
        lines = (root / cell.locator(".where").inner_text().split(",")[0]).read_text().splitlines()
        for line in cell.locator(".line").all():
            number = int(line.locator("i").inner_text())
            assert line.inner_text().removeprefix(str(number)).strip() == lines[number - 1].strip()
    text = page.locator('.pair[data-step="loss"] .cell[data-side="right"] .filled').inner_text()
    d, beta, r, loss = (
        float(v) for v in re.fullmatch(r"loss = ([\d.]+) \+ ([\d.]+) · ([\d.]+) = ([\d.]+) nats", text).groups()
    )
    assert loss == pytest.approx(d + beta * r, abs=0.11)


def test_a_network_is_fetched_once_by_a_browser(dashboard_browser, dashboard_url):
    """Every page and rerun after the first reads it from the browser's cache."""
    context = dashboard_browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: dict[str, list[int]] = {}
    urls: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.setdefault(urls.get(event["requestId"], ""), []).append(int(event["encodedDataLength"])),
    )
    for _ in range(2):
        page.goto(dashboard_url + "/one_image")
        settled(page)
        page.wait_for_selector('.encode-decode[data-ready="1"]')
    heavy = {url: loads for url, loads in sizes.items() if "/media/" in url and max(loads) > 200_000}
    assert len(heavy) >= 2, "the weights of both models"
    assert all(loads[0] > 200_000 and max(loads[1:], default=0) < 1000 for loads in heavy.values()), heavy
    context.close()


def test_an_image_is_opened_from_the_latent_maps(visit):
    page = visit("/latent_maps?latent=2", viewport={"width": 1280, "height": 1200})
    page.wait_for_selector('.maps[data-ready="1"] [data-image]')
    page.locator('canvas[data-side="right"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    inspected = page.locator(".inspector [data-image]").first
    index = until(page, lambda: int(inspected.get_attribute("data-image")), "the keys lead to another image")
    page.get_by_role("button", name="Open this image in both models").click()
    page.wait_for_url(f"**/one_image?*index={index}*")
    page.wait_for_selector('.encode-decode[data-ready="1"]')
    rested(page)
    assert np.array_equal(grey(page, ".seen .tile"), load_dataset("mnist-5k").test_images[index, 0])
    assert (
        "latent size 2" in page.get_by_text("the maps show the codes of").inner_text()
    )  # the shared controls came along
    assert page.errors == [] or all("404" in e for e in page.errors)
