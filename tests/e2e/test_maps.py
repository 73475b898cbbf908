"""The linked maps, driven in a real browser with synthetic clusters whose places on the canvas are known.

Ten clusters lie on a circle of radius 2, class c at angle 36 c degrees; the right map is the left one turned by 90
degrees. Both maps are native, so the picture spans at least -3.2 to 3.2 on 92 % of the canvas.
"""

from __future__ import annotations

import math
import re

import pytest
from serving import APPS, opened, painted, release, served, settled, until

SPAN = 6.4 / 0.92
N = 300


@pytest.fixture(scope="module")
def url(dashboard_browser):  # noqa: ARG001 - without a browser no server is started
    with served(APPS / "maps_app.py") as url:
        yield f"{url}/?n={N}"


@pytest.fixture
def page(dashboard_browser, url):
    page = opened(dashboard_browser, url)
    page.wait_for_selector('.maps[data-ready="1"] [data-image="0"]')
    yield page
    assert page.errors == []
    release(page)


def canvas(page, side):
    return page.locator(f'canvas[data-side="{side}"]')


def place(page, side, angle, radius=2.0):
    """Canvas position of a point of the latent space given in polar coordinates, degrees."""
    box = canvas(page, side).bounding_box()
    unit = min(box["width"], box["height"]) / SPAN
    x, y = radius * math.cos(math.radians(angle)), radius * math.sin(math.radians(angle))
    return box["width"] / 2 + x * unit, box["height"] / 2 - y * unit


def hover(page, side, angle):
    box, (x, y) = canvas(page, side).bounding_box(), place(page, side, angle)
    page.mouse.move(box["x"] + x, box["y"] + y)


def shown(page):
    """Class and index of the image in the inspector."""
    text = page.locator(".inspector figure").first.inner_text()
    return re.search(r"class (\d)", text).group(1), int(re.search(r"test image (\d+)", text).group(1))


def ring(page, side, color):
    """Centre of the pixels of one colour on a canvas, in CSS pixels, or None."""
    painted(page)
    return canvas(page, side).evaluate(
        """(canvas, [r, g, b]) => {
          const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let n = 0, x = 0, y = 0;
          for (let i = 0; i < width * height; i++) {
            const far = Math.abs(data[4*i] - r) + Math.abs(data[4*i+1] - g) + Math.abs(data[4*i+2] - b);
            if (far < 12 && data[4*i+3] > 200) { n++; x += i % width; y += Math.floor(i / width); }
          }
          const scale = canvas.clientWidth / width;
          return n > 20 ? [x / n * scale, y / n * scale] : null;
        }""",
        list(color),
    )


AE, VAE = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)


def test_pointing_at_one_map_lights_up_the_same_image_in_the_other(page):
    for angle, name in ((108, "3"), (252, "7")):
        hover(page, "left", angle)
        page.wait_for_function(
            "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
            f".querySelector('.inspector b').textContent === 'class {name}'"
        )
        assert shown(page)[1] % 10 == int(name)
        for side, color, turn in (("left", AE, 0), ("right", VAE, 90)):
            x, y = ring(page, side, color)
            px, py = place(page, side, angle + turn)
            # the ring and the frame of the picture beside it share the colour: their centre lies near the cluster
            assert math.hypot(x - px, y - py) < 60, side
    hover(page, "right", 0 + 90)
    until(page, lambda: shown(page)[0] == "0", "the image under the pointer on the right is shown")


def test_every_layer_can_be_switched_and_changes_the_picture(page):
    hover(page, "left", 108)
    page.locator(".layers summary").click()

    def drawn():
        painted(page)
        return canvas(page, "right").evaluate("(canvas) => canvas.toDataURL()")

    boxes = page.locator(".layers input").all()
    assert len(boxes) == 4
    for box in boxes:
        before, was = drawn(), box.is_checked()
        box.click(timeout=3000)
        assert box.is_checked() != was
        until(page, lambda before=before: drawn() != before, f"{box.get_attribute('data-layer')} changes the picture")


def drag(page, side, points):
    box = canvas(page, side).bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def around(page, side, angle, size=1.0):
    x, y = place(page, side, angle)
    unit = canvas(page, side).bounding_box()["width"] / SPAN * size / 2
    return [(x - unit, y - unit), (x + unit, y - unit), (x + unit, y + unit), (x - unit, y + unit)]


def test_images_can_take_the_place_of_points_and_more_of_them_when_zoomed_in(page):
    def pictures():
        return [int(canvas(page, side).get_attribute("data-pictures")) for side in ("left", "right")]

    before = canvas(page, "left").evaluate("(canvas) => canvas.toDataURL()")
    assert pictures() == [0, 0]
    page.get_by_label("images instead of points").check()
    until(page, lambda: min(pictures()) >= 10, "one in each of ten clusters at least")
    assert canvas(page, "left").evaluate("(canvas) => canvas.toDataURL()") != before
    few, whole = pictures()
    assert few < N / 2
    canvas(page, "left").focus()
    for _ in range(6):
        page.keyboard.press("+")
    until(page, lambda: pictures()[0] > few, "there is room for more")
    assert pictures()[1] == whole, "the other map was not zoomed"
    page.get_by_label("images instead of points").uncheck()
    until(page, lambda: pictures() == [0, 0], "points again")


def test_lasso_selects_in_both_and_opens_a_gallery(page):
    seven = (0x16, 0x9C, 0xB6)
    assert ring(page, "left", seven)
    page.get_by_role("button", name="Lasso").click()
    drag(page, "right", around(page, "right", 72 + 90, 1.1))  # class 2
    assert page.locator(".gallery .count").inner_text() == f"{N // 10} images selected"
    assert f"2: {N // 10}" in page.locator(".gallery").inner_text()
    labels = page.locator(".gallery .strip button").evaluate_all("all => all.map((b) => b.getAttribute('aria-label'))")
    assert len(labels) == N // 10 and all(label.endswith("class 2") for label in labels)
    # the others fade in the left map too: class 7's colour is no longer there at full strength
    assert ring(page, "left", seven) is None
    canvas(page, "left").focus()
    page.keyboard.press("Escape")
    assert page.locator(".gallery").is_hidden()


def test_box_selects_a_rectangle_and_an_empty_one_clears(page):
    page.get_by_role("button", name="Box").click()
    corners = around(page, "left", 180, 1.1)
    drag(page, "left", [corners[0], corners[2]])
    assert page.locator(".gallery .count").inner_text() == f"{N // 10} images selected"
    drag(page, "left", [(4, 4), (20, 20)])
    assert page.locator(".gallery").is_hidden()


def test_a_class_is_isolated_from_the_legend(page):
    zero, four = (0x1C, 0x51, 0xBE), (0x5B, 0xD4, 0xB4)
    assert ring(page, "right", zero) and ring(page, "right", four)
    page.locator('.legend button[data-class="4"]').click()
    assert ring(page, "right", zero) is None and ring(page, "right", four)
    hover(page, "left", 36)
    painted(page)
    assert shown(page)[0] != "1"  # faded points are not pointed at
    page.locator('.legend button[data-class="4"]').click()
    hover(page, "left", 36)
    until(page, lambda: shown(page)[0] == "1", "the points of the class can be pointed at again")


def test_view_selection_and_colour_survive_reruns_and_a_new_projection(page):
    page.get_by_label("zoom both together").check()
    page.get_by_label("Colour the points by").select_option("error")
    canvas(page, "left").focus()
    for _ in range(3):
        page.keyboard.press("+")
    painted(page)
    before = [ring(page, side, color) for side, color in (("left", AE), ("right", VAE))]
    shadow = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
    view = f"() => {shadow}.querySelector('.maps').dataset.view"
    seen = page.evaluate(view)
    assert seen and seen.split(";")[0] == seen.split(";")[1]  # linked: both zoomed alike
    assert float(seen.split(",")[0]) == pytest.approx(1.4**3, rel=1e-3)
    page.get_by_role("button", name="Rerun").click()
    page.get_by_text("reruns: 1").wait_for()
    settled(page)
    assert page.evaluate(view) == seen
    assert [ring(page, side, color) for side, color in (("left", AE), ("right", VAE))] == before
    assert page.get_by_label("Colour the points by").input_value() == "error"
    drawn = lambda: canvas(page, "left").evaluate("(canvas) => canvas.toDataURL()")  # noqa: E731
    first = drawn()
    page.get_by_text("Other projection").click()
    settled(page)
    until(page, lambda: drawn() != first, "the points move to the other projection")
    until(page, lambda: drawn() == (painted(page), drawn())[1], "the points come to rest")
    assert page.evaluate(view) == seen


def test_keyboard_steps_to_the_neighbouring_point(page):
    hover(page, "left", 0)
    painted(page)
    canvas(page, "left").focus()
    first = shown(page)
    page.keyboard.press("ArrowUp")
    until(page, lambda: shown(page) != first, "the key leads to another point")
    below = ring(page, "left", AE)
    for _ in range(10):
        page.keyboard.press("ArrowUp")
    assert ring(page, "left", AE)[1] < below[1] - 5
    page.keyboard.press("Enter")
    page.get_by_text(f"opened: [{shown(page)[1]}]").wait_for()


def test_a_tap_points_on_a_phone(dashboard_browser, url):
    page = opened(dashboard_browser, url, viewport={"width": 390, "height": 1400}, has_touch=True)
    page.wait_for_selector('.maps[data-ready="1"] [data-image="0"]')
    left, right = (canvas(page, side).bounding_box() for side in ("left", "right"))
    assert right["y"] > left["y"] + left["height"] and left["width"] > 250  # stacked, and as wide as the phone
    x, y = place(page, "left", 144)
    page.touchscreen.tap(left["x"] + x, left["y"] + y)
    until(page, lambda: shown(page)[0] == "4", "the image that was tapped is shown")
    page.close()


def test_the_maps_have_a_text_alternative(page):
    label = canvas(page, "right").get_attribute("aria-label")
    assert "VAE: clouds" in label and "300 test images" in label and "right caption" in label
    page.get_by_text("The same as a table").click()
    cells = page.locator(".alternative tbody tr").nth(3).locator("td").all_inner_texts()
    assert cells[:2] == ["3", "30"] and float(cells[2]) == pytest.approx(0.015, abs=1e-3)
    assert page.locator(".alternative thead th").all_inner_texts()[2:] == [
        "AE mean squared error",
        "VAE mean squared error",
        "VAE's rate",
    ]


def test_no_more_bytes_are_sent_at_a_rerun(dashboard_browser, url):
    page = dashboard_browser.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url) if "/media/" in request.url else None)
    page.goto(url)
    page.wait_for_selector('.maps[data-ready="1"] [data-image="0"]')
    first = list(requests)
    assert first
    page.get_by_role("button", name="Rerun").click()
    page.get_by_text("reruns: 1").wait_for()
    settled(page)
    assert requests == first
    page.close()


def test_hundreds_of_classes_keep_their_names_and_leave_the_maps_on_the_screen(dashboard_browser, url):
    page = opened(dashboard_browser, f"{url}&classes=290")
    page.wait_for_selector('.maps[data-ready="1"] [data-image="0"]')
    box = canvas(page, "left").bounding_box()
    assert box["y"] + 0.5 * box["height"] < page.viewport_size["height"], "the legend pushes the maps off the screen"
    assert (
        page.locator(".legend button").count() == 0
        and "290 classes share 10 colours" in page.locator(".legend").inner_text()
    )
    page.locator(".class-list").select_option(label="273")
    hover(page, "left", 36 * 3)  # the only point still shown in that cluster
    page.wait_for_selector('.inspector [data-image="273"]')
    assert "class 273" in page.locator(".inspector figure").first.inner_text(), "a label beyond 255 is another class's"
    page.locator(".class-list").select_option(label="all 290 classes")
    assert page.errors == []
    release(page)


def test_points_take_the_colour_of_their_factor_in_both_maps(page):
    page.locator(".colour").select_option(label="hue")
    assert page.locator(".legend .level").all_inner_texts() == ["red", "green", "blue"]

    def strongest(side, angle):
        """Red, green or blue, by how many saturated pixels there are around a cluster."""
        painted(page)
        x, y = place(page, side, angle)
        counts = canvas(page, side).evaluate(
            """(canvas, [x, y]) => {
              const scale = canvas.width / canvas.clientWidth, size = Math.round(40 * scale);
              const context = canvas.getContext("2d");
              const {data} = context.getImageData((x - 20) * scale, (y - 20) * scale, size, size);
              const counts = [0, 0, 0];
              for (let i = 0; i < data.length; i += 4)
                for (const c of [0, 1, 2])
                  counts[c] += Number(data[i + c] > 130 && data[i + (c + 1) % 3] < 60 && data[i + (c + 2) % 3] < 60);
              return counts;
            }""",
            [x, y],
        )
        return counts.index(max(counts)) if max(counts) > 20 else None

    for name in (4, 5, 6, 7):  # not 0 to 3, near which the image pointed at is drawn
        for side, turn in (("left", 0), ("right", 90)):
            until(
                page,
                lambda side=side, at=36 * name + turn, wanted=name % 3: strongest(side, at) == wanted,
                f"class {name} has its hue on the {side}",
            )


def test_the_image_pointed_at_is_described_by_its_factors(page):
    hover(page, "left", 108)
    until(page, lambda: shown(page)[0] == "3", "the image under the pointer is shown")
    words = page.locator(".inspector figure").first.inner_text()
    assert "hue red" in words and "size 10 pixels" in words
    page.locator(".colour").select_option(label="size")
    assert page.locator(".legend").inner_text().split()[:3] == ["8", "10", "pixels"]
    colors = page.locator(".legend .level .swatch").evaluate_all("all => all.map((s) => s.style.background)")
    assert len(set(colors)) == 2
