"""A page as a file: what was drawn last is kept, text stays text, everything is held once; figures' numbers as CSV."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
from safetensors.numpy import save
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.components.chart import described
from dashboard.export import csv_data, share_menu
from dashboard.export.capture import Node, tree
from dashboard.export.page_file import PageFile, embedded

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ARRAYS = save(
    {
        "labels": np.array([3, 8], np.uint8),
        "xy": np.array([[0.5, 1], [2, 3]], np.float32),
        "other": np.zeros(5, np.float32),
    }
)
MEDIA = {"/media/aaaaaaaaaaaaaaaa.png": PIXEL, "/media/bbbbbbbbbbbbbbbb.bin": ARRAYS}


def message(path, **element) -> ForwardMsg:
    """An element of one kind at a place, or a block: message([0, 1], markdown={"body": "Hello"})."""
    made = ForwardMsg()
    made.metadata.delta_path.extend(path)
    ((kind, fields),) = element.items()
    if kind == "block":
        getattr(made.delta.add_block, fields).SetInParent()
        return made
    target = getattr(made.delta.new_element, kind)
    for name, value in fields.items():
        setattr(target, name, value)
    return made


def component(path, name="point_or_cloud_maps", **data) -> ForwardMsg:
    return message(
        path,
        bidi_component={
            "component_name": name,
            "isolate_styles": True,
            "html_content": "<p></p>",
            "js_content": "export default () => {}",
            "json": json.dumps(data),
        },
    )


def made(*messages) -> tuple[str, PageFile]:
    page_file = PageFile(MEDIA.get)
    return page_file.page(tree(list(messages)), "A page", "http://here/page?a=1&b=2").decode(), page_file


def test_what_was_drawn_last_at_a_place_is_what_is_kept():
    root = tree(
        [
            message([0, 0], markdown={"body": "first"}),
            message([0, 1], block="vertical"),
            message([0, 1, 0], markdown={"body": "inside"}),
            message([0, 0], markdown={"body": "second"}),
        ]
    )
    assert [e.markdown.body for e in csv_data.elements(root)] == ["second", "inside"]
    root = tree(
        [
            message([0, 0], block="vertical"),
            message([0, 0, 0], markdown={"body": "gone"}),
            message([0, 0], markdown={"body": "stays"}),
        ]
    )
    assert [e.markdown.body for e in csv_data.elements(root)] == ["stays"]


def test_a_container_keeps_the_name_its_styles_know_it_by():
    named, plain = message([0, 0], block="flex_container"), message([0, 1], block="flex_container")
    named.delta.add_block.id = "$$ID-dab6f808f01996035e52fbf3ca95c55d-claim-prior-best"
    plain.delta.add_block.id = "not one of Streamlit's"
    page, _ = made(named, message([0, 0, 0], markdown={"body": "a"}), plain, message([0, 1, 0], markdown={"body": "b"}))
    assert 'class="stack st-key-claim-prior-best"' in page and page.count("st-key-") == 1


def test_text_keeps_colours_and_signs_and_nothing_becomes_markup():
    text = PageFile(MEDIA.get).text
    assert re.search(
        r'<span style="color:#D55E00"><strong>AE</strong></span> is <em>good</em>',
        text(":orange[**AE**] is *good*", inline=True),
    )
    assert "✓" in text(":green[:material/check_circle:] yes", inline=True) and ":material" not in text(
        ":material/home:", inline=True
    )
    assert "<script>" not in text("<script>alert(1)</script>") and "<img" not in text("<img src=x onerror=alert(1)>")
    assert (
        "javascript:" not in re.findall(r'href="([^"]*)"', text("[a](javascript:alert(1)) [b](https://example.org)"))[0]
    )
    assert embedded(json.dumps("</script><b>")) == '"\\u003c/script>\\u003cb>"'


def test_every_file_is_held_once_and_can_be_unpacked():
    page, page_file = made(
        component([0, 0], arrays="/media/bbbbbbbbbbbbbbbb.bin", can_open=True, in_page={"server": True}),
        component([0, 1], "point_or_cloud_planes", arrays="/media/bbbbbbbbbbbbbbbb.bin"),
    )
    files = json.loads(re.search(r'id="files">(.*?)</script>', page, re.DOTALL)[1])
    (name,) = files
    assert gzip.decompress(base64.b64decode(files[name])) == ARRAYS
    assert page.count(f'"{name}"') == 3, "named by both components and held once"
    assert '"can_open": false' in page, "a file has no other page to open"
    assert '"in_page": {"server": false}' in page, "nor a server to train on"
    assert "/media/" not in page and page_file.missing == 0
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', page) == ["http://here/page?a=1&amp;b=2"], (
        "nothing is fetched; one link says where it came from"
    )


def test_pictures_are_inside_and_a_lost_one_is_left_out():
    picture = ForwardMsg()
    picture.metadata.delta_path.extend([0, 0])
    for address in ("/media/aaaaaaaaaaaaaaaa.png", "/media/cccccccccccccccc.png"):
        picture.delta.new_element.imgs.imgs.add(url=address, alt='one <b>"pixel"</b>')
    page, page_file = made(picture)
    assert page.count("<img") == 1 and base64.b64encode(PIXEL).decode() in page and page_file.missing == 1
    assert "<b>" not in page.split("<main>")[1].split("</main>")[0]


def test_a_page_without_components_carries_none():
    page, _ = made(message([0, 0], heading={"tag": "h1", "body": "Hello"}))
    assert len(page) < 20_000
    assert "<h1>Hello</h1>" in page


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_charts_numbers_are_its_points():
    figure = go.Figure([go.Scatter(x=np.array([1.0, 2.5]), y=[3, 4], name="line"), go.Bar(x=["a"], y=[7])])
    found = rows(csv_data.chart(described(figure)))
    assert found == rows(csv_data.chart(json.loads(figure.to_json()))), "plotly's own packed arrays are read as well"
    assert [(r["series"], r["x"], r["y"]) for r in found] == [
        ("line", "1.0", "3"),
        ("line", "2.5", "4"),
        ("1", "a", "7"),
    ]
    heat = rows(csv_data.chart(described(go.Figure(go.Heatmap(z=np.array([[1, 2], [3, 4]]), x=[10, 20], y=[5, 6])))))
    assert [(r["x"], r["y"], r["z"]) for r in heat] == [
        ("10", "5", "1"),
        ("20", "5", "2"),
        ("10", "6", "3"),
        ("20", "6", "4"),
    ]


def test_a_components_numbers_are_a_row_an_image():
    root = tree(
        [
            component([0, 0], arrays="/media/bbbbbbbbbbbbbbbb.bin"),
            component([0, 1], arrays="/media/cccccccccccccccc.bin"),
            component([0, 2], "x"),
        ]
    )
    ((name, text),) = csv_data.csv_files(root, MEDIA.get).items()
    assert name.endswith("maps.csv")
    assert [(r["image"], r["labels"], r["xy_0"], r["xy_1"]) for r in rows(text)] == [
        ("0", "3", "0.5", "1"),
        ("1", "8", "2", "3"),
    ]
    assert csv_data.csv_zip(Node(), MEDIA.get)[:2] == b"PK"


@pytest.mark.parametrize(
    ("address", "there"),
    [("http://127.0.0.1/samples?source=mixture", True), ("", False), ("http://x/" + "a" * 2000, False)],
)
def test_a_qr_code_holds_what_can_be_read(address, there):
    assert share_menu.qr(address).startswith("data:image/svg+xml") == there


def test_every_page_offers_the_same_drawer(dashboard):
    for page in ("start", "samples", "interpolation"):
        app = dashboard(page)
        assert not app.error and not app.exception
        labels = [b.proto.label for b in app.get("download_button")]
        assert {
            "This page as one HTML file",
            "Data of this page (CSV)",
            "Download the AE",
            "Download the VAE",
        } <= set(labels)
