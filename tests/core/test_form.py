"""The form of a folder's images: its options in the name, colours, sizes, and how any image fits the square."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.config import RunConfig
from core.data.contact_sheet import contact_sheet
from core.data.dataset import DataError
from core.data.datasets import load_dataset
from core.data.folder_name import canonical, locate
from core.data.form import FITS, PLAIN, Form, form_of, shape_named
from core.data.image_file import finish, read
from core.data.shape import SIDES, Shape
from core.data.uploaded_image import form_of_data, prepare

DIGEST, INVERTED = "9166de02dd665e7c", "b63ab74a2ac48958"
RED, BLUE = (220, 30, 20), (20, 40, 210)


def forms() -> st.SearchStrategy[Form]:
    """Any form that a name can ask for."""
    built = st.builds(Form, st.booleans(), st.sampled_from(SIDES), st.sampled_from(FITS), st.booleans())
    return built.filter(lambda form: not (form.color and form.invert))


def saved(image: Image.Image, kind: str = "PNG") -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    buffer.seek(0)
    return buffer


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.full((height, width, 3), RED, np.uint8)
    pixels[:, width // 2 :] = BLUE
    return Image.fromarray(pixels)


def fill(root, n: int = 8) -> str:
    """n images of two colours in each of two classes."""
    for name, color in (("blue", BLUE), ("red", RED)):
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.new("RGB", (20 + i, 30), tuple(c + i for c in color)).save(root / name / f"{i}.png")
    return f"folder:{root}"


@given(form=forms())
def test_the_options_of_a_form_lead_back_to_it(form):
    assert form_of(form.options) == form
    name = canonical("folder:/some/where" + (f"?{form.options}" if form.options else ""))
    assert locate(name).form == form and canonical(name) == name
    assert shape_named(name) == form.shape, "the shape follows from the name alone"
    assert RunConfig(dataset=name).shape == form.shape
    assert (name == "folder:/some/where") == (form == PLAIN), "defaults are left out"


def test_options_may_be_in_any_order_and_defaults_may_be_given(tmp_path):
    name = fill(tmp_path / "mine")
    assert load_dataset(f"{name}?size=32&color=1").name == f"{name}?color=1&size=32"
    assert load_dataset(f"{name}?invert=0&fit=pad&size=28&color=0").name == name
    assert canonical("folder:/some&size=64/where") == "folder:/some&size=64/where"
    assert shape_named("folder:/some&size=64/where&color=1") == Shape(1, 28), "no question mark, no options"


@pytest.mark.parametrize(
    "options", ["color=2", "size=30", "fit=squeeze", "size=32&size=64", "color=1&invert=1", "size", "colour=1", "&"]
)
def test_options_without_a_meaning_are_refused_with_the_choices(tmp_path, options):
    name = fill(tmp_path / "mine")
    with pytest.raises(DataError, match=r"is not known; choose color=1 .*size=32 or 64.*fit=crop or stretch"):
        load_dataset(f"{name}?{options}")


def test_a_grey_folder_has_the_digest_that_runs_refer_to(tmp_path):
    """The digest is part of the ids of finished runs, so a name without options must give the same pixels for ever."""
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(6):
            noise = hashlib.shake_256(f"{name}{i}".encode()).digest(30 * (40 + i) * 4)
            pixels = np.frombuffer(noise, np.uint8).reshape(30, 40 + i, 4)
            Image.fromarray(pixels if i % 2 else np.ascontiguousarray(pixels[..., :3])).save(
                tmp_path / name / f"{i}.png"
            )
            Image.fromarray(pixels[..., 0].astype(np.uint16) * 16).save(tmp_path / name / f"deep {i}.png")
    assert load_dataset(f"folder:{tmp_path}").digest == DIGEST
    assert load_dataset(f"folder:{tmp_path}?invert=1").digest == INVERTED


@given(
    form=forms(), width=st.integers(1, 90), height=st.integers(1, 90), mode=st.sampled_from(["L", "RGB", "RGBA", "P"])
)
@settings(max_examples=80, deadline=None)
def test_an_image_of_one_colour_fills_the_square_in_every_form(form, width, height, mode):
    if form.fit == "pad" and max(width, height) > form.size / 2 * min(width, height):
        return
    image = Image.new("RGB", (width, height), RED).convert(mode, palette=Image.Palette.ADAPTIVE)
    found = finish([read(saved(image), form)], form).images[0]
    assert found.shape == form.shape.picture and found.dtype == np.uint8
    inside = np.asarray(image.convert("RGB" if form.color else "L"))[0, 0].astype(int)
    wanted = 255 - inside if form.invert else inside
    difference = found.astype(int) - np.reshape(wanted, (-1, 1, 1) if form.color else ())
    assert np.abs(difference).max() <= 1


def test_a_wide_picture_is_padded_cropped_or_stretched():
    file = saved(halves(120, 60))
    found = {fit: finish([read(file, form)], form).images[0] for fit in FITS if (form := Form(True, 32, fit))}
    middle = {fit: image[0, 16] > image[2, 16] for fit, image in found.items()}  # where the middle row is red
    assert middle["crop"].sum() == middle["stretch"].sum() == middle["pad"].sum() == 16
    rows = {fit: (image[2, :, 24] > 150).sum() for fit, image in found.items()}  # how high the blue half is
    assert rows["crop"] == rows["stretch"] == 32 and rows["pad"] == 16
    striped = halves(120, 60)
    striped.paste((0, 255, 0), (0, 0, 30, 60))
    crop, stretch = (
        finish([read(saved(striped), form)], form).images[0]
        for form in (Form(True, 32, "crop"), Form(True, 32, "stretch"))
    )
    assert crop[1].max() < 150 < stretch[1, 16, 3], "what lies at the sides is cut off, or kept"


def test_any_strip_can_be_cropped_or_stretched():
    for fit in ("crop", "stretch"):
        form = Form(True, 64, fit)
        assert finish([read(saved(Image.new("RGB", (5000, 2), RED)), form)], form).images[0, 0].min() >= 219


def on_nothing(color: tuple[int, int, int], around: tuple[int, int, int] | None = None) -> io.BytesIO:
    """A square of a colour on transparent ground, with a line around it."""
    pixels = np.zeros((40, 40, 4), np.uint8)
    if around:
        pixels[8:32, 8:32] = (*around, 255)
    pixels[10:30, 10:30] = (*color, 255)
    return saved(Image.fromarray(pixels))


def test_transparent_images_in_colour_are_laid_on_white_unless_they_cannot_be_seen_on_it():
    form = Form(True, 32)
    files = [on_nothing(RED), on_nothing((250, 220, 60)), on_nothing((255, 255, 255), around=(90, 90, 90))]
    finished = finish([read(file, form) for file in [*files, on_nothing((252, 252, 252))]], form)
    assert (finished.ground, finished.other_ground) == (255, 1)
    corners = finished.images[:, :, 0, 0].max(1).tolist()
    assert corners == [255, 255, 255, 0], "yellow, and white with an outline, are seen on white; plain white is not"
    bright = finish([read(on_nothing((255, 255, shade)), form) for shade in (240, 250, 255)], form)
    assert bright.ground == 0 and bright.images[:, :, 0, 0].max() == 0


def test_deep_images_stay_grey_among_images_in_colour():
    deep = np.zeros((40, 40), np.uint16)
    deep[10:30, 10:30] = 4095
    form = Form(True, 32, "stretch")
    grey, red = finish([read(saved(Image.fromarray(deep)), form), read(saved(halves(40, 40)), form)], form).images
    assert (grey[0] == grey[1]).all() and grey[0, 16, 16] > 250 and red[0, 16, 2] == RED[0]


@pytest.mark.parametrize("mode", ["LAB", "CMYK", "YCbCr", "HSV"])
def test_colours_survive_every_colour_space(mode):
    form = Form(True, 32)
    image = halves(60, 60)
    if mode == "LAB":
        from PIL import ImageCms

        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        file = saved(image, "TIFF")
    elif mode == "HSV":
        file = saved(image.convert("HSV").convert("RGB"))
    else:
        file = saved(image.convert(mode), "JPEG")
    found = finish([read(file, form)], form).images[0].astype(int)
    assert np.abs(found[:, 16, 4] - RED).max() < 20 and np.abs(found[:, 16, 28] - BLUE).max() < 20


def test_a_large_photograph_is_read_as_it_would_be_at_full_size():
    y, x = np.mgrid[:900, :1200] / 900
    photo = np.uint8(np.stack([255 * y, 127 + 120 * np.sin(6 * x), 200 - 150 * x / 1.4], -1).clip(0, 255))
    form = Form(True, 32, "stretch")
    jpeg, png = (
        finish([read(saved(Image.fromarray(photo), k), form)], form).images[0].astype(int) for k in ("JPEG", "PNG")
    )
    assert np.abs(jpeg - png).max() <= 6


def test_an_uploaded_image_takes_the_form_of_the_data_set(tmp_path):
    name = fill(tmp_path / "mine")
    for options, shape in (("?color=1&size=32&fit=crop", (3, 32, 32)), ("?size=64", (64, 64)), ("", (28, 28))):
        data = load_dataset(name + options)
        form = form_of_data(data)
        picture = prepare(saved(halves(90, 60)).getvalue(), ground="light", form=form)
        assert picture.image.shape == shape == data.shape.picture
        assert f"{data.shape.side}×{data.shape.side}" in "; ".join(picture.steps)
        assert ("turned to grey" in picture.steps) == (not data.shape.color)
        if data.shape.color:
            assert form.fit == "crop" and picture.image[0, 16, 2] == RED[0] and picture.image[2, 16, 30] == BLUE[2]
        else:
            digit = prepare(
                saved(Image.fromarray(np.uint8(255 * (np.indices((50, 50)).min(0) > 20)))).getvalue(), True, form=form
            )
            assert digit.image.shape == shape and digit.image.max() > 200


def test_the_contact_sheet_shows_colours_beside_the_originals(tmp_path):
    data = load_dataset(fill(tmp_path / "mine") + "?color=1&size=32")
    for originals in (True, False):
        with Image.open(io.BytesIO(contact_sheet(data, columns=2, rows=1, originals=originals))) as sheet:
            pixels = np.asarray(sheet.convert("RGB")).astype(int)
        blue, red = pixels[-50, 50], pixels[-50, -50]
        assert blue[2] - blue[0] > 100 and red[0] - red[2] > 100
        assert (pixels.shape[0] > 150) == originals
